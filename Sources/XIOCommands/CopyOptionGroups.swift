internal import ArgumentParser
internal import XIOCopy

/// Options that say what is copied.
struct CopySelectionOptions: ParsableArguments {
  @Flag(
    name: [.customShort("a"), .long], help: "The same as -dR --preserve=all: everything is kept.")
  var archive = false

  @Flag(
    name: [.customShort("r"), .customShort("R"), .long],
    help: "Copy directories with all that is in them.")
  var recursive = false

  @Flag(help: "Read special files like regular ones when recursive.")
  var copyContents = false

  @Flag(name: [.customShort("L"), .long], help: "Follow every symbolic link in SOURCE.")
  var dereference = false

  @Flag(name: [.customShort("H"), .long], help: "Follow symbolic links that are a SOURCE.")
  var dereferenceCommandLine = false

  @Flag(
    name: [.customShort("P"), .long],
    help: "Copy symbolic links as they are.")
  var noDereference = false

  @Flag(name: .customShort("d"), help: "The same as -P --preserve=links.")
  var copiesLinks = false

  @Flag(help: "Make the directories that SOURCE is in below DIRECTORY.")
  var parents = false

  @Flag(name: [.customShort("x"), .long], help: "Leave other file systems out.")
  var oneFileSystem = false

  @Flag(help: "Take slashes at the end of each SOURCE away.")
  var stripTrailingSlashes = false

  @Option(
    name: [.customShort("t"), .long],
    help: ArgumentHelp("Copy every SOURCE into this directory.", valueName: "directory"),
    completion: .directory)
  var targetDirectory: Operand?

  @Flag(name: [.customShort("T"), .long], help: "DEST is the copy, and no directory to copy into.")
  var noTargetDirectory = false

  func apply(_ options: inout CopyOptions) throws(UsageError) {
    options.isRecursive = recursive || archive
    options.copiesContents = copyContents
    options.parents = parents
    options.staysOnFileSystem = oneFileSystem
    options.stripsSlashes = stripTrailingSlashes
    if dereference {
      options.dereference = .always
    } else if dereferenceCommandLine {
      options.dereference = .operands
    } else if noDereference {
      options.dereference = .never
    }
  }

  /// Whether one of the options said which symbolic links are followed.
  var saysDereference: Bool { dereference || dereferenceCommandLine || noDereference }
}

/// Options that say what becomes of files in the way.
struct CopyOverwritingOptions: ParsableArguments {
  @Flag(name: [.customShort("i"), .long], help: "Ask before a file is overwritten.")
  var interactive = false

  @Flag(name: [.customShort("n"), .long], help: "Overwrite nothing, silently.")
  var noClobber = false

  @Option(
    help: ArgumentHelp(
      "Which files are overwritten: all, none, none-fail, or older (when WHEN is not said).",
      valueName: "when"),
    completion: .list(["all", "none", "none-fail", "older"]))
  var update: String?

  @Flag(name: .customShort("u"), help: "The same as --update=older.")
  var updatesOlder = false

  @Flag(
    name: [.customShort("f"), .long], help: "Remove a target that cannot be opened, and try again.")
  var force = false

  @Flag(help: "Remove every target before it is opened.")
  var removeDestination = false

  @Option(
    help: ArgumentHelp(
      "Keep what is in the way under another name.", valueName: "control"),
    completion: .list(["none", "off", "simple", "never", "existing", "nil", "numbered", "t"]))
  var backup: String?

  @Flag(name: .customShort("b"), help: "The same as --backup without CONTROL.")
  var backsUp = false

  @Option(
    name: [.customShort("S"), .long],
    help: ArgumentHelp("What names of simple backups end in.", valueName: "suffix"))
  var suffix: String?

  /// Whether anything is said about backups.
  var asksForBackups: Bool { backup != nil || suffix != nil }

  @Flag(name: [.customShort("l"), .long], help: "Make hard links, and no copies.")
  var link = false

  @Flag(name: [.customShort("s"), .long], help: "Make symbolic links, and no copies.")
  var symbolicLink = false

  @Flag(help: "Follow symbolic links in the target that lead to directories.")
  var keepDirectorySymlink = false

  func apply(_ options: inout CopyOptions) throws(UsageError) {
    let update = try update.map { (value) throws(UsageError) in
      try CopyChoices.match(value, for: "--update", CopyChoices.update)
    }
    options.onlyOlder = update == .older
    if noClobber || update == CopyChoices.Update.none {
      options.overwriting = .skip
    } else if update == .noneFail {
      options.overwriting = .refuse
    } else if interactive {
      options.overwriting = .ask
    }
    options.forces = force
    options.removesDestination = removeDestination
    CopyChoices.takeEnvironment(&options, suffix: suffix)
    if asksForBackups {
      options.backup = try CopyChoices.backup(backup ?? CopyChoices.unsaid)
    }
    if link { options.product = .hardLink }
    if symbolicLink { options.product = .symbolicLink }
    options.keepsDirectoryLinks = keepDirectorySymlink
  }
}

/// Options that say how it is copied, and what is kept.
struct CopyMannerOptions: ParsableArguments {
  private static let attributes = [
    "mode", "ownership", "timestamps", "links", "context", "xattr", "all",
  ]

  @Option(
    help: ArgumentHelp(
      "Keep mode, ownership, timestamps (when LIST is not said), links, context, xattr, all.",
      valueName: "list"),
    completion: .list(Self.attributes))
  var preserve: String?

  @Flag(name: .customShort("p"), help: "The same as --preserve without LIST.")
  var preserves = false

  @Option(
    help: ArgumentHelp("Do not keep these.", valueName: "list"),
    completion: .list(Self.attributes))
  var noPreserve: String?

  @Flag(help: "Copy attributes, and no data.")
  var attributesOnly = false

  @Option(
    help: ArgumentHelp(
      "Share extents: auto (the default), always (when WHEN is not said), never.",
      valueName: "when"),
    completion: .list(["auto", "always", "never"]))
  var reflink: String?

  @Flag(help: "The copy has blocks of its own: extents are never shared.")
  var physical = false

  @Option(
    help: ArgumentHelp(
      "Make holes: auto (where the source has them, the default), always (for zeros), never.",
      valueName: "when"),
    completion: .list(["auto", "always", "never"]))
  var sparse: String?

  @Option(
    help: ArgumentHelp(
      "So many threads copy trees. (default: one for each processor, at most 8)", valueName: "n"))
  var jobs: Int?

  @Option(
    help: ArgumentHelp(
      "Give copies this security context, or that of the kernel's policy.", valueName: "context"))
  var context: String?

  @Flag(name: .customShort("Z"), help: "The same as --context without CONTEXT.")
  var hasPolicyContext = false

  @Flag(name: .shortAndLong, help: "Say what is copied.")
  var verbose = false

  @Flag(help: "Say how each file is copied.")
  var debug = false

  mutating func validate() throws {
    if let jobs, !(1...1024).contains(jobs) {
      throw ValidationError("the number of jobs must be between 1 and 1024, not \(jobs)")
    }
  }

  func apply(_ options: inout CopyOptions) throws(UsageError) {
    if let preserve { try CopyChoices.preserve(preserve, &options) }
    if let noPreserve {
      options.dropped = try CopyChoices.attributes(noPreserve, for: "--no-preserve")
      options.kept.subtract(options.dropped)
    }
    options.attributesOnly = attributesOnly
    options.isPhysical = physical
    if let reflink {
      options.reflink = try CopyChoices.match(reflink, for: "--reflink", CopyChoices.sparse)
    }
    if let sparse {
      options.sparse = try CopyChoices.match(sparse, for: "--sparse", CopyChoices.sparse)
    }
    // Shared extents would bring the holes along.
    if options.sparse == .never, options.reflink == .auto { options.reflink = .never }
    options.jobs = jobs
    options.debug = debug
  }
}
