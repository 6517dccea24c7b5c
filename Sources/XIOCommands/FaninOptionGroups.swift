internal import ArgumentParser
internal import SystemPackage
internal import XIOFanin
internal import XIOSystem

/// What lines are and look like.
struct FaninLineOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Put this in front of every line: {name} {path} {n} {peer} {pid} {time}, with a width as in "
        + "{name:12} or {n:>3}.", valueName: "template"))
  var label: String?

  @Option(help: ArgumentHelp("What comes out: text, json or tail.", valueName: "form"))
  var format = FaninOptions.Format.text

  @Option(
    name: [.long, .customLong("colour")],
    help: ArgumentHelp("Colour labels: auto, always or never.", valueName: "when"))
  var color = ColourChoice.auto

  @Flag(name: .shortAndLong, help: "Lines end with NUL, not newline.")
  var zeroTerminated = false

  @Option(
    help: ArgumentHelp(
      "Lines end with this; \\n, \\r, \\t, \\0, \\\\ and \\xHH are understood.", valueName: "text"))
  var delimiter: String?

  @Option(
    help: ArgumentHelp("The longest line, 1 byte to 1G. (default: 1M)", valueName: "size"))
  var maxLine: ByteCount?

  @Option(
    help: ArgumentHelp(
      "What becomes of longer ones: split, truncate, drop, or pass while all others wait.",
      valueName: "how"))
  var longLine = FaninOptions.LongLine.split

  @Option(
    help: ArgumentHelp(
      "Let an unfinished line out after this time, with an end added.", valueName: "time"))
  var partialFlush: Duration?

  func apply(to options: inout FaninOptions) throws(UsageError) {
    options.label = label.map(Self.plain)
    options.format = format
    options.hasColour = color.isOn
    if zeroTerminated { options.delimiter = [0] }
    if let delimiter {
      if zeroTerminated { throw UsageError("--delimiter and --zero-terminated exclude each other") }
      options.delimiter = try Self.delimiter(delimiter)
    }
    if let maxLine {
      guard (1...1 << 30).contains(maxLine.value) else {
        throw UsageError("the longest line must have between 1 byte and 1 GiB")
      }
      options.longestLine = maxLine.value
    }
    options.longLine = longLine
    options.partialFlush = partialFlush?.nanoseconds
  }

  /// Text in which stray bytes have become marks; templates are text.
  private static func plain(_ text: String) -> String {
    String(decoding: Arguments.decode(text), as: UTF8.self)
  }

  /// The bytes that the value of `--delimiter` stands for.
  ///
  /// - Throws: ``UsageError``.
  static func delimiter(_ text: String) throws(UsageError) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Arguments.decode(text)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\") else {
        bytes.append(byte)
        continue
      }
      switch rest.popFirst() {
      case UInt8(ascii: "n"): bytes.append(10)
      case UInt8(ascii: "r"): bytes.append(13)
      case UInt8(ascii: "t"): bytes.append(9)
      case UInt8(ascii: "0"): bytes.append(0)
      case UInt8(ascii: "\\"): bytes.append(byte)
      case UInt8(ascii: "x"):
        guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16),
          rest.count >= 2
        else { throw UsageError("'\(text)': \\x takes two digits") }
        rest = rest.dropFirst(2)
        bytes.append(value)
      default: throw UsageError("'\(text)': only \\n, \\r, \\t, \\0, \\\\ and \\xHH are understood")
      }
    }
    guard (1...256).contains(bytes.count) else {
      throw UsageError("the end of a line has between 1 and 256 bytes")
    }
    return bytes
  }
}

/// In which order lines go out.
struct FaninOrderOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The order of lines: as they come (arrival); by time, of inputs that are sorted and end "
        + "(merge); by time as far as they come within --window (window).", valueName: "how"))
  var order = FaninOptions.Order.arrival

  @Option(
    help: ArgumentHelp(
      "How long lines wait to be put into order. (default: 100ms)", valueName: "time"))
  var window: Duration?

  @Option(
    help: ArgumentHelp(
      "Wait for no source that has sent nothing for so long. (default: wait for all)",
      valueName: "time"))
  var idleAfter: Duration?

  @Option(
    help: ArgumentHelp(
      "What the time of a line is: what stands in it (detect) or when it came (arrival).",
      valueName: "which"))
  var time = FaninOptions.TimeSource.detect

  @Option(
    help: ArgumentHelp(
      "How times are written, as strptime(3) has it. (default: found out for each source)",
      valueName: "format"))
  var timeFormat: String?

  func apply(to options: inout FaninOptions) throws(UsageError) {
    options.order = order
    if order != .window, window != nil || idleAfter != nil {
      throw UsageError("--window and --idle-after go with --order window")
    }
    if let window { options.window = window.nanoseconds }
    options.idleAfter = idleAfter?.nanoseconds
    options.time = time
    options.timeFormat = timeFormat
    if timeFormat != nil, time == .arrival {
      throw UsageError("--time-format goes with --time detect")
    }
  }
}

/// What happens when lines come too fast, and how it all ends.
struct FaninFlowOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "When lines come faster than they go out: block sources, drop-oldest, drop-newest, or spill "
        + "to a file. Regular files always wait.", valueName: "how"))
  var onFull = FaninOptions.OnFull.block

  @Option(
    help: ArgumentHelp("How much may wait in memory in all. (default: 64M)", valueName: "size"))
  var memory: ByteCount?

  @Option(
    help: ArgumentHelp(
      "How much of one source may wait in memory. (default: an eighth of all)", valueName: "size"))
  var sourceMemory: ByteCount?

  @Option(
    help: ArgumentHelp("How many connections are accepted at once. (default: 100)", valueName: "n"))
  var connections: Int?

  @Flag(
    inversion: .prefixedNo,
    help: "Connect again, after growing pauses, when a connection has ended or cannot be made.")
  var reconnect = true

  @Option(
    help: ArgumentHelp(
      "Where files begin that are there at the start: beginning or end.", valueName: "where"))
  var from = FaninOptions.Start.beginning

  @Flag(inversion: .prefixedNo, help: "Follow files, rather than end with them.")
  var follow = true

  @Option(
    help: ArgumentHelp(
      "Leave out names of patterns that match this; may be repeated.", valueName: "pattern"))
  var exclude: [String] = []

  @Option(help: ArgumentHelp("End after so many lines.", valueName: "n"))
  var lines: UInt64?

  @Option(help: ArgumentHelp("End when nothing has come for so long.", valueName: "time"))
  var untilIdle: Duration?

  @Option(help: ArgumentHelp("End once these processes have; may be repeated.", valueName: "pid"))
  var pid: [String] = []

  @Option(
    help: ArgumentHelp(
      "After SIGTERM, take so much time for what is there already. (default: 5s)",
      valueName: "time"))
  var drainTimeout: Duration?

  @Option(
    help: ArgumentHelp("Keep positions in files in a file, and go on there.", valueName: "file"),
    completion: .file())
  var checkpoint: Operand?

  @Option(help: ArgumentHelp("Print an account so often.", valueName: "time"))
  var statsEvery: Duration?

  @Option(
    help: ArgumentHelp(
      "Gather a flood of short lines for so long: 0, 500us, 1ms. (default: 1ms, 0 on a terminal)",
      valueName: "time"))
  var latency: Duration?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Look at every name after so many seconds, whatever has been announced. (default: 1.0)",
      valueName: "seconds"))
  var sleepInterval: String?

  @Flag(
    help: "Exit with status 3 when lines were lost, cut or late, or connections refused.")
  var strict = false

  func apply(to options: inout FaninOptions) throws(UsageError) {
    options.onFull = onFull
    if let memory {
      guard memory.value >= 1 << 20 else { throw UsageError("--memory must be at least 1M") }
      options.memory = memory.value
    }
    options.sourceMemory = sourceMemory?.value
    if let sourceMemory, sourceMemory.value < 64 << 10 || sourceMemory.value > options.memory {
      throw UsageError("--source-memory must be at least 64K and no more than --memory")
    }
    if let connections {
      guard (1...4096).contains(connections) else {
        throw UsageError("--connections must be between 1 and 4096")
      }
      options.connections = connections
    }
    options.reconnects = reconnect
    options.start = from
    options.follows = follow
    options.excludes = exclude
    options.lines = lines
    options.untilIdle = untilIdle?.nanoseconds
    for process in pid { options.processes.append(try TailNumbers.process(process)) }
    if let drainTimeout { options.drainTimeout = drainTimeout.nanoseconds }
    options.checkpoint = checkpoint?.path
    if let statsEvery {
      guard statsEvery.nanoseconds > 0 else { throw UsageError("--stats-every must not be 0") }
      options.statsEvery = statsEvery.nanoseconds
    }
    options.latency = latency?.nanoseconds
    if let sleepInterval {
      options.interval = max(1_000_000, try TailNumbers.seconds(sleepInterval))
    }
  }
}
