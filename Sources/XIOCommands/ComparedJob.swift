internal import XIOCompare

/// The part of a command line of `compare` that says what is done: a command, its options and operands.
struct ComparedJob {
  /// The command.
  var command: CompareOptions.Command
  /// Its options, in full.
  var options: [GivenOption]
  /// Its operands.
  var operands: [Operand]

  /// Options of other commands that `compare` gives itself, or that would do something beside the job.
  private static let refused: [String: String] = [
    "report": "every run makes a report; --json prints them all",
    "report-to": "every run makes a report; --json prints them all",
    "explain": "what is left out is said, and why",
    "target-directory": "name the target last",
    "checkpoint": "runs would go on where others have ended",
    "interactive": "nobody is asked", "progress": "it says itself how far it is",
    "resume": "every run begins anew", "pid": "every run has an end of its own",
    "until-idle": "every run has an end of its own",
  ]

  /// Tells options of `compare` from the job.
  ///
  /// - Parameters:
  ///   - texts: Everything after the command.
  ///   - stopsAtOperand: Whether options end at the first operand of the job.
  /// - Returns: Options for the parser, and the job when one is named.
  /// - Throws: ``UsageError``.
  static func split(
    _ texts: [String], _ stopsAtOperand: Bool
  ) throws(UsageError) -> (options: [String], job: ComparedJob?) {
    let own = OptionTable.compare
    let (before, rest) = try Normaliser.parts(texts, own, stopsAtOperand: true)
    guard let word = rest.first else { return (before.flatMap(\.texts), nil) }
    let words = CompareOptions.Command.allCases.map(\.rawValue)
    guard let command = CompareOptions.Command(rawValue: word), let table = OptionTable.of(word)
    else {
      let list = words.map { "'\($0)'" }.joined(separator: ", ")
      throw UsageError(
        "'\(word)' is no job that can be compared; these are: \(list)",
        suggestion: Suggestion.nearest(to: word, among: words))
    }
    let (given, operands) = try Normaliser.parts(
      Array(rest.dropFirst()), merged(table), stopsAtOperand: stopsAtOperand)
    let mine = given.filter { own.long[$0.name] != nil }
    let others = given.filter { own.long[$0.name] == nil }
    for option in others {
      if let reason = refused[option.name] {
        throw UsageError("no --\(option.name) with compare: \(reason)")
      }
    }
    let job = ComparedJob(
      command: command, options: others, operands: operands.map(Operand.init))
    return ((before + mine).flatMap(\.texts), job)
  }

  /// The options of a command, and those of `compare`, which go first.
  private static func merged(_ table: OptionTable) -> OptionTable {
    let own = OptionTable.compare
    var merged = table
    merged.long.merge(own.long) { $1 }
    merged.long["engine"] = nil
    merged.synonyms.merge(own.synonyms) { $1 }
    merged.own.formUnion(own.long.keys)
    // Where the command has one value, there can be a list of them here.
    if let check = table.check {
      merged.check = { (option, value) throws(UsageError) in
        if own.long[option] == nil { try check(option, value) }
      }
    }
    // The command itself understands options whose order counts.
    merged.fold = nil
    return merged
  }
}

extension OptionTable {
  static let compare = OptionTable(
    long: [
      "engines": .value, "notify": .value, "cache": .value, "state": .value,
      "block-size": .value, "queue-depth": .value, "sources": .value, "active": .value,
      "sleep-interval": .value, "repeat": .value, "seed": .value, "events": .value,
      "rate": .value, "overlap": .flag, "json": .flag, "svg": .value,
      "timeline": .value, "color": .value, "help": .flag, "version": .flag,
    ],
    short: ["h": .flags(["--help"])],
    synonyms: ["colour": "color"])
}
