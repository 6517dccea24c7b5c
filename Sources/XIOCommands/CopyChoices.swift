internal import Glibc
internal import SystemPackage
internal import XIOCopy
internal import XIOSystem

/// Values of options that are words, which may be abbreviated.
enum CopyChoices {
  /// Stands for the value of an option that came without one.
  static let unsaid = "(default)"

  /// Finds the word that a value is, or begins, unless it begins several that mean different things.
  ///
  /// - Throws: ``UsageError`` in GNU's words.
  static func match<Meaning: Equatable>(
    _ value: String, for option: String, _ words: KeyValuePairs<String, Meaning>
  ) throws(UsageError) -> Meaning {
    if let exact = words.first(where: { $0.key == value }) { return exact.value }
    let candidates = words.filter { $0.key.hasPrefix(value) }
    guard let first = candidates.first else {
      throw UsageError(value, for: option, isNoneOf: words.map(\.key))
    }
    guard candidates.allSatisfy({ $0.value == first.value }) else {
      throw UsageError(value, for: option, isNoneOf: words.map(\.key), is: "ambiguous")
    }
    return first.value
  }

  static let sparse: KeyValuePairs<String, CopyOptions.When> = [
    "auto": .auto, "always": .always, "never": .never,
  ]

  static let durability: KeyValuePairs<String, CopyOptions.Durability> = [
    "cached": .cached, "data": .data, "full": .full, "batch": .batch,
  ]

  static let verification: KeyValuePairs<String, CopyOptions.Verification> = [
    "flight": .flight, "media": .media,
  ]

  static let backup: KeyValuePairs<String, CopyOptions.Backup> = [
    "none": .none, "off": .none, "simple": .simple, "never": .simple, "existing": .existing,
    "nil": .existing, "numbered": .numbered, "t": .numbered,
  ]

  /// What `--update` can be.
  enum Update: Equatable {
    case all, none, noneFail, older
  }

  static let update: KeyValuePairs<String, Update> = [
    "all": .all, "none": .none, "none-fail": .noneFail, "older": .older,
  ]

  private static let attributes: KeyValuePairs<String, CopyOptions.Attributes> = [
    "mode": .mode, "timestamps": .timestamps, "ownership": .ownership, "links": .links,
    "context": .context, "xattr": .xattr, "all": .all,
  ]

  /// What a list of attributes stands for.
  static func attributes(
    _ list: String, for option: String
  ) throws(UsageError) -> CopyOptions.Attributes {
    var found: CopyOptions.Attributes = []
    for word in list.split(separator: ",", omittingEmptySubsequences: false) {
      found.formUnion(try match(String(word), for: option, attributes))
    }
    return found
  }

  /// Takes note of what is to be kept.
  static func preserve(_ list: String, _ options: inout CopyOptions) throws(UsageError) {
    options.kept = try attributes(list, for: "--preserve")
    // What was asked for by its name must be kept; of all the rest what can be.
    let words = list.split(separator: ",").filter { $0 != "all" }
    if !words.isEmpty {
      options.required = try attributes(words.joined(separator: ","), for: "--preserve")
    }
    if options.required.contains(.context), !Labels.areKnown {
      throw UsageError(
        "cannot preserve security context without an SELinux-enabled kernel", isAboutUsage: false)
    }
  }

  /// Which symbolic links are followed when no option says it.
  static func dereference(_ options: CopyOptions) -> CopyOptions.Dereference {
    options.isRecursive && options.product != .hardLink ? .never : .always
  }

  /// Takes note of what the environment says, where no option does.
  static func takeEnvironment(_ options: inout CopyOptions, suffix text: String? = nil) {
    options.suffix = suffix(text)
    options.writesThroughDanglingLinks = getenv("POSIXLY_CORRECT") != nil
  }

  /// How files in the way are kept, as the environment has it when the option does not say.
  static func backup(_ value: String) throws(UsageError) -> CopyOptions.Backup {
    if value != unsaid, !value.isEmpty { return try match(value, for: "backup type", backup) }
    guard let text = getenv("VERSION_CONTROL").map({ String(cString: $0) }), !text.isEmpty else {
      return .existing
    }
    return try match(text, for: "$VERSION_CONTROL", backup)
  }

  /// What simple backups end in, as the environment has it when the option does not say.
  private static func suffix(_ value: String?) -> String {
    let text = value ?? getenv("SIMPLE_BACKUP_SUFFIX").map { String(cString: $0) } ?? "~"
    // One that leads into a directory is none.
    return text.isEmpty || text.contains("/") ? "~" : text
  }
}

/// Security contexts.
enum Labels {
  /// Whether the kernel has a policy that gives files labels.
  static var areKnown: Bool { (try? System.status("/sys/fs/selinux/enforce")) != nil }
}
