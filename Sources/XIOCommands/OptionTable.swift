/// The options of one command, as GNU's tools would take them.
struct OptionTable: Sendable {
  /// Whether a long option comes with a value.
  enum Kind: Sendable {
    case flag, value
    /// It may, and means this without.
    case optional(String)
  }

  /// What a short option stands for.
  enum Short: Sendable {
    /// Long options in full.
    case flags([String])
    /// The name of a long option whose value follows.
    case value(String)
  }

  var long: [String: Kind]
  var short: [Character: Short]
  /// Other names of long options.
  var synonyms: [String: String] = [:]
  /// Options that GNU's tool of that name does not have.
  var own: Set<String> = []
  /// Flags that GNU's tool takes and does not tell of, by names that begin with a dash of their own, which
  /// the parser does not take; with the names that it does.
  var hidden: [String: String] = [:]
  /// Options in the order in which GNU's tool lists those that an abbreviation can mean, where that is
  /// not the alphabet's.
  var order: [String] = []
  /// Options of which the last one counts.
  var rivals: [Set<String>] = []
  /// Options that may be given once, and what is said when there are more.
  var once: [String: String] = [:]
  /// Options that say something about those before them, brought into a form in which order is nothing.
  var fold: (@Sendable (_ options: [GivenOption]) -> [GivenOption])?
  /// Whether operands do not pass through the parser, to which a thousand of them cost more than all else.
  var keepsOperands = false
  /// Finds fault with the value of an option.
  var check: (@Sendable (_ option: String, _ value: String) throws(UsageError) -> Void)?
  /// Turns a first argument of the old kind, such as `-5f`, into options of today.
  var obsolete: (@Sendable (_ arguments: [String]) -> [String]?)?

  /// All names of long options, in the order in which they are listed.
  var names: [String] {
    let all = Array(long.keys) + Array(synonyms.keys) + Array(hidden.keys)
    return order + Set(all).subtracting(order).sorted()
  }

  /// Options that every command which moves bytes has.
  static let shared: [String: Kind] = [
    "engine": .value, "notify": .value, "cache": .value, "block-size": .value,
    "queue-depth": .value, "report": .optional("text"), "report-to": .value, "timeline": .value,
    "explain": .flag, "help": .flag, "version": .flag,
  ]

  static let tail = OptionTable(
    long: shared.merging(
      [
        "bytes": .value, "lines": .value, "follow": .optional("descriptor"), "retry": .flag,
        "quiet": .flag, "verbose": .flag, "zero-terminated": .flag, "sleep-interval": .value,
        "pid": .value, "max-unchanged-stats": .value, "debug": .flag, "memory": .value,
        "latency": .value, "fifo-eof": .value, "checkpoint": .value, "strict": .flag,
      ]
    ) { $1 },
    short: [
      "c": .value("bytes"), "n": .value("lines"), "s": .value("sleep-interval"),
      "f": .flags(["--follow=descriptor"]), "F": .flags(["--follow=name", "--retry"]),
      "q": .flags(["--quiet"]), "v": .flags(["--verbose"]), "z": .flags(["--zero-terminated"]),
      "h": .flags(["--help"]),
    ],
    synonyms: ["silent": "quiet"],
    own: Set(shared.keys).subtracting(["help", "version"])
      .union(["memory", "latency", "fifo-eof", "checkpoint", "strict"]),
    hidden: [
      "-disable-inotify": "disable-inotify", "-presume-input-pipe": "presume-input-pipe",
    ],
    rivals: [["bytes", "lines"], ["quiet", "verbose"]],
    check: TailNumbers.check, obsolete: TailNumbers.obsolete)

  static let cat = OptionTable(
    long: shared.merging(
      [
        "show-all": .flag, "number-nonblank": .flag, "show-ends": .flag, "number": .flag,
        "squeeze-blank": .flag, "show-tabs": .flag, "show-nonprinting": .flag, "progress": .flag,
      ]
    ) { $1 },
    short: [
      "A": .flags(["--show-all"]), "b": .flags(["--number-nonblank"]),
      "e": .flags(["--show-nonprinting", "--show-ends"]), "E": .flags(["--show-ends"]),
      "n": .flags(["--number"]), "s": .flags(["--squeeze-blank"]),
      "t": .flags(["--show-nonprinting", "--show-tabs"]), "T": .flags(["--show-tabs"]),
      "u": .flags([]), "v": .flags(["--show-nonprinting"]), "h": .flags(["--help"]),
    ],
    own: Set(shared.keys).subtracting(["help", "version"]).union(["progress"]),
    order: [
      "number-nonblank", "number", "squeeze-blank", "show-nonprinting", "show-ends", "show-tabs",
      "show-all",
    ])

  static let fanin = OptionTable(
    long: shared.merging(
      [
        "label": .value, "format": .value, "color": .value, "zero-terminated": .flag,
        "delimiter": .value, "max-line": .value, "long-line": .value, "partial-flush": .value,
        "order": .value, "window": .value, "idle-after": .value, "time": .value,
        "time-format": .value, "on-full": .value, "memory": .value, "source-memory": .value,
        "connections": .value, "reconnect": .flag, "no-reconnect": .flag, "from": .value,
        "follow": .flag, "no-follow": .flag, "exclude": .value, "lines": .value,
        "until-idle": .value, "pid": .value, "drain-timeout": .value, "checkpoint": .value,
        "stats-every": .value, "latency": .value, "sleep-interval": .value, "strict": .flag,
      ]
    ) { $1 },
    short: [
      "z": .flags(["--zero-terminated"]), "s": .value("sleep-interval"), "h": .flags(["--help"]),
    ],
    synonyms: ["colour": "color"],
    rivals: [["reconnect", "no-reconnect"], ["follow", "no-follow"]], keepsOperands: true)

  static let cache = OptionTable(
    long: [
      "recursive": .flag, "json": .flag, "color": .value, "engine": .value, "notify": .value,
      "block-size": .value, "queue-depth": .value, "help": .flag, "version": .flag,
    ],
    short: ["r": .flags(["--recursive"]), "R": .flags(["--recursive"]), "h": .flags(["--help"])],
    synonyms: ["colour": "color"])

  /// The table of a command; nil for those whose parser takes arguments as they are.
  static func of(_ command: String?) -> OptionTable? {
    switch command {
    case "cat": cat
    case "copy": copy
    case "tail": tail
    case "fanin": fanin
    case "cache": cache
    case "compare": compare
    default: nil
    }
  }
}
