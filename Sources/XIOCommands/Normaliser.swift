/// A long option as it was given, whatever its spelling.
struct GivenOption: Equatable {
  var name: String
  var value: String?

  /// The option as the parser takes it.
  var texts: [String] {
    switch value {
    case nil: ["--\(name)"]
    // The parser takes nothing after the sign for no value at all.
    case "": ["--\(name)", ""]
    case let value?: ["--\(name)=\(value)"]
    }
  }
}

/// Brings arguments into the form that the parser understands: long options with their values, then
/// operands.
///
/// GNU's tools take clusters of short options, values without a space, options after operands,
/// optional values and abbreviations; the parser knows none of these in full.
struct Normaliser {
  private let table: OptionTable
  /// Whether options end at the first operand.
  private let stopsAtOperand: Bool
  private var options: [GivenOption] = []
  private var operands: [String] = []

  private init(_ table: OptionTable, stopsAtOperand: Bool) {
    self.table = table
    self.stopsAtOperand = stopsAtOperand
  }

  /// Normalises the arguments of a command.
  ///
  /// - Parameters:
  ///   - arguments: Everything after the command.
  ///   - table: The command's options.
  ///   - stopsAtOperand: Whether options end at the first operand, as POSIX has it.
  /// - Returns: Options, `--`, operands.
  /// - Throws: ``UsageError``.
  static func normalise(
    _ arguments: [String], _ table: OptionTable, stopsAtOperand: Bool
  ) throws(UsageError) -> [String] {
    let parts = try split(arguments, table, stopsAtOperand: stopsAtOperand)
    return parts.options + ["--"] + parts.operands
  }

  /// Tells options and operands apart; the parameters are those of
  /// ``normalise(_:_:stopsAtOperand:)``.
  ///
  /// - Throws: ``UsageError``.
  static func split(
    _ arguments: [String], _ table: OptionTable, stopsAtOperand: Bool
  ) throws(UsageError) -> (options: [String], operands: [String]) {
    let (given, operands) = try parts(arguments, table, stopsAtOperand: stopsAtOperand)
    let options = table.fold?(given) ?? given
    return (options.flatMap(\.texts), operands)
  }

  /// Tells options and operands apart, and leaves options in their order; the parameters are those of
  /// ``normalise(_:_:stopsAtOperand:)``.
  ///
  /// - Throws: ``UsageError``.
  static func parts(
    _ arguments: [String], _ table: OptionTable, stopsAtOperand: Bool
  ) throws(UsageError) -> (options: [GivenOption], operands: [String]) {
    var normaliser = Normaliser(table, stopsAtOperand: stopsAtOperand)
    try normaliser.take(table.obsolete?(arguments) ?? arguments)
    return (normaliser.options, normaliser.operands)
  }

  private mutating func take(_ arguments: [String]) throws(UsageError) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument == "--" {
        operands += rest
        return
      }
      if argument.hasPrefix("--") {
        try takeLong(argument.dropFirst(2), &rest)
      } else if argument.hasPrefix("-"), argument != "-" {
        try takeCluster(argument.dropFirst(), &rest)
      } else {
        operands.append(argument)
        if stopsAtOperand {
          operands += rest
          return
        }
      }
    }
  }

  private mutating func takeLong(
    _ text: Substring, _ rest: inout ArraySlice<String>
  ) throws(UsageError) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let given = String(parts[0])
    let value = parts.count > 1 ? String(parts[1]) : nil
    let name = try resolve(given, in: String(text))
    switch (table.long[name] ?? .flag, value) {
    case (.flag, nil): try add(name, nil)
    case (.flag, _?): throw UsageError("option '--\(name)' doesn't allow an argument")
    case (.optional(let standard), nil): try add(name, standard)
    case (.value, nil):
      guard let next = rest.popFirst() else {
        throw UsageError("option '--\(name)' requires an argument")
      }
      try add(name, next)
    case (.value, let value?), (.optional, let value?): try add(name, value)
    }
  }

  /// The option that a name or its beginning stands for.
  ///
  /// - Parameters:
  ///   - given: The name.
  ///   - text: What it is part of: a value may have come with it.
  /// - Returns: The name of the option.
  /// - Throws: ``UsageError`` when there is none, or more than one.
  private func resolve(_ given: String, in text: String) throws(UsageError) -> String {
    if table.long[given] != nil { return given }
    if let name = table.synonyms[given] ?? table.hidden[given] { return name }
    var candidates = given.isEmpty ? [] : table.names.filter { $0.hasPrefix(given) }
    // Scripts abbreviate what GNU's tools have; options that they lack must not get in the way.
    let common = candidates.filter { !table.own.contains($0) }
    if !common.isEmpty { candidates = common }
    let meanings = Set(candidates.map { table.synonyms[$0] ?? table.hidden[$0] ?? $0 })
    guard let name = meanings.first else {
      throw UsageError(
        "unrecognized option '--\(text)'",
        suggestion: Suggestion.nearest(to: given, among: table.names).map { "--\($0)" })
    }
    guard meanings.count == 1 else {
      let list = candidates.map { "'--\($0)'" }.joined(separator: " ")
      throw UsageError("option '--\(text)' is ambiguous; possibilities: \(list)")
    }
    return name
  }

  private mutating func takeCluster(
    _ text: Substring, _ rest: inout ArraySlice<String>
  ) throws(UsageError) {
    var letters = text
    while let letter = letters.popFirst() {
      switch table.short[letter] {
      case .flags(let long):
        for option in long {
          let parts = option.dropFirst(2).split(separator: "=", maxSplits: 1)
          try add(String(parts[0]), parts.count > 1 ? String(parts[1]) : nil)
        }
      case .value(let name):
        if !letters.isEmpty {
          try add(name, String(letters))
        } else if let next = rest.popFirst() {
          try add(name, next)
        } else {
          throw UsageError("option requires an argument -- '\(letter)'")
        }
        return
      case nil:
        if table.obsolete != nil, letter.isASCII, letter.isNumber {
          throw UsageError(
            "option used in invalid context -- \(letter)", isAboutUsage: false)
        }
        throw UsageError("invalid option -- '\(letter)'")
      }
    }
  }

  private mutating func add(_ name: String, _ value: String?) throws(UsageError) {
    // What comes first is found fault with first.
    if let value { try table.check?(name, value) }
    if let complaint = table.once[name], options.contains(where: { $0.name == name }) {
      throw UsageError(complaint, isAboutUsage: false)
    }
    if let rivals = table.rivals.first(where: { $0.contains(name) }) {
      options.removeAll { rivals.contains($0.name) }
    }
    options.append(GivenOption(name: name, value: value))
  }
}
