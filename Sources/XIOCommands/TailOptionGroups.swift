public import ArgumentParser
internal import SystemPackage
internal import XIOSystem
public import XIOTail

extension TailOptions.FIFOEnd: ExpressibleByArgument {}

/// Options that say which part of files is printed, and how.
struct TailPartOptions: ParsableArguments {
  @Option(
    name: [.customShort("c"), .long],
    help: ArgumentHelp("Print the last NUM bytes; from byte NUM on with +NUM.", valueName: "[+]num")
  )
  var bytes: String?

  @Option(
    name: [.customShort("n"), .long],
    help: ArgumentHelp(
      "Print the last NUM lines; from line NUM on with +NUM. (default: 10)", valueName: "[+]num"))
  var lines: String?

  @Flag(
    name: [.customShort("q"), .long, .customLong("silent")], help: "Never print headers.")
  var quiet = false

  @Flag(name: .shortAndLong, help: "Always print headers.")
  var verbose = false

  @Flag(name: .shortAndLong, help: "Lines end with NUL, not newline.")
  var zeroTerminated = false

  @Option(
    help: ArgumentHelp(
      "Keep at most so much of a pipe in memory, and the rest in a file. (default: 64M)",
      valueName: "size"))
  var memory: ByteCount?

  @Flag(name: .customLong("presume-input-pipe"), help: .hidden)
  var presumesPipe = false

  func apply(_ options: inout TailOptions, isVerbose: Bool) throws(UsageError) {
    if let lines { options.start = try TailNumbers.start(lines, .lines) }
    if let bytes { options.start = try TailNumbers.start(bytes, .bytes) }
    options.delimiter = zeroTerminated ? 0 : UInt8(ascii: "\n")
    options.headers = quiet ? .never : verbose || isVerbose ? .always : .whenSeveral
    if let memory { options.memory = memory.value }
    options.presumesPipe = presumesPipe
  }
}

/// Options that say how files are followed.
struct TailFollowOptions: ParsableArguments {
  @Flag(name: .customShort("f"), help: "The same as --follow=descriptor.")
  var followsDescriptor = false

  @Flag(name: .customShort("F"), help: "The same as --follow=name --retry.")
  var followsName = false

  @Option(
    help: ArgumentHelp(
      "Print what is appended: to the open file (descriptor, when HOW is not said), or to the file "
        + "that has the name (name).", valueName: "how"),
    completion: .list(["descriptor", "name"]))
  var follow: String?

  @Flag(help: "Keep trying to open a file that cannot be opened.")
  var retry = false

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Look at every name after so many seconds, whatever has been announced. (default: 1.0)",
      valueName: "seconds"))
  var sleepInterval: String?

  @Option(help: ArgumentHelp("End once these processes have; may be repeated.", valueName: "pid"))
  var pid: [String] = []

  @Option(
    help: ArgumentHelp(
      "Accepted for compatibility: names are looked up anew at every look.", valueName: "n"))
  var maxUnchangedStats: String?

  @Flag(help: "Say how files are followed.")
  var debug = false

  @Option(
    help: ArgumentHelp(
      "Gather a flood of changes for so long: 0, 500us, 1ms. (default: 1ms, 0 on a terminal)",
      valueName: "time"))
  var latency: Duration?

  @Option(
    help: ArgumentHelp("When the last writer of a FIFO leaves: close or reopen.", valueName: "how"))
  var fifoEof = TailOptions.FIFOEnd.reopen

  @Option(
    help: ArgumentHelp("Keep positions in a file, and go on there.", valueName: "file"),
    completion: .file())
  var checkpoint: Operand?

  @Flag(help: "Exit with status 3 when lines or bytes were lost.")
  var strict = false

  @Flag(name: .customLong("disable-inotify"), help: .hidden)
  var looksOnly = false

  func apply(_ options: inout TailOptions) throws(UsageError) {
    if let follow { options.follow = try TailNumbers.follow(follow) }
    options.retries = retry
    options.interval = try sleepInterval.map(TailNumbers.seconds)
    for process in pid { options.processes.append(try TailNumbers.process(process)) }
    if let maxUnchangedStats { options.unchangedLooks = try TailNumbers.looks(maxUnchangedStats) }
    options.debugs = debug
    options.latency = latency?.nanoseconds
    options.fifoEnd = fifoEof
    options.checkpoint = checkpoint?.path
    options.isStrict = strict
    options.watches = !looksOnly
  }
}
