internal import SystemPackage
internal import XIOSystem
internal import XIOTail

/// The values of `tail`'s options, as GNU's tail understands them.
enum TailNumbers {
  /// A number of lines or bytes, with a sign and a suffix.
  static func start(
    _ text: String, _ unit: TailOptions.Unit
  ) throws(UsageError) -> TailOptions.Start {
    let number = text.hasPrefix("-") ? text.dropFirst() : text[...]
    guard let count = count(number) else {
      let what = unit == .lines ? "lines" : "bytes"
      throw UsageError("invalid number of \(what): \(Quoting.value(number))", isAboutUsage: false)
    }
    return TailOptions.Start(unit, count, fromBeginning: text.hasPrefix("+"))
  }

  /// A number with a suffix, as strtoumax(3) and GNU's tools take it; one that is too large means as many
  /// as there are.
  private static func count(_ text: Substring) -> UInt64? {
    var rest = text.drop { isSpace($0) }
    if rest.first == "+" { rest.removeFirst() }
    let digits = rest.prefix { isDigit($0) }
    if digits.isEmpty {
      // A suffix alone means one of it, unless something stands before it.
      guard !text.isEmpty, rest.startIndex == text.startIndex else { return nil }
      return scale(text)
    }
    guard let scale = scale(rest.dropFirst(digits.count)) else { return nil }
    let (product, overflow) = (UInt64(digits) ?? .max).multipliedReportingOverflow(by: scale)
    return overflow ? .max : product
  }

  private static func isDigit(_ character: Character) -> Bool {
    character.isASCII && character.isNumber
  }

  /// Whether it is what isspace(3) knows. Arguments come with control characters encoded.
  private static func isSpace(_ character: Character) -> Bool {
    Arguments.decode(String(character)).allSatisfy { $0 == 32 || (9...13).contains($0) }
  }

  private static func scale(_ suffix: Substring) -> UInt64? {
    guard let letter = suffix.first else { return 1 }
    if suffix == "b" { return 512 }
    guard let index = "KMGTPEZYRQ".firstIndex(of: Character(letter.uppercased())),
      letter.isUppercase || "kmgtpezyrq".prefix(2).contains(letter)
    else { return nil }
    let power = "KMGTPEZYRQ".distance(from: "KMGTPEZYRQ".startIndex, to: index) + 1
    let base: UInt64
    switch suffix.dropFirst() {
    case "", "iB": base = 1024
    case "B": base = 1000
    default: return nil
    }
    var scale: UInt64 = 1
    for _ in 0..<power {
      let (product, overflow) = scale.multipliedReportingOverflow(by: base)
      scale = overflow ? .max : product
    }
    return scale
  }

  /// What is followed; the beginning of a word is enough.
  static func follow(_ text: String) throws(UsageError) -> TailOptions.Follow {
    if !text.isEmpty {
      if "descriptor".hasPrefix(text) { return .descriptor }
      if "name".hasPrefix(text) { return .name }
    }
    throw UsageError(text, for: "--follow", isNoneOf: ["descriptor", "name"])
  }

  /// A time in seconds, as strtod(3) takes it.
  static func seconds(_ text: String) throws(UsageError) -> Nanoseconds {
    let number = text.drop { isSpace($0) }
    // What is too large is refused, but there may be no end.
    guard let value = Double(number), value >= 0, value.isFinite || !number.contains(where: isDigit)
    else {
      throw UsageError("invalid number of seconds: \(Quoting.value(text))", isAboutUsage: false)
    }
    return Nanoseconds(min(value, 1e9) * 1e9)
  }

  /// The number of a process.
  static func process(_ text: String) throws(UsageError) -> Int32 {
    Int32(truncatingIfNeeded: try integer(text, upTo: UInt64(Int32.max), "invalid PID"))
  }

  /// How many looks may pass without a change.
  static func looks(_ text: String) throws(UsageError) -> Int {
    let number = try integer(
      text, upTo: .max, "invalid maximum number of unchanged stats between opens")
    return Int(clamping: number)
  }

  private static func integer(
    _ text: String, upTo limit: UInt64, _ complaint: String
  ) throws(UsageError) -> UInt64 {
    var rest = text.drop { isSpace($0) }
    if rest.first == "+" { rest.removeFirst() }
    guard !rest.isEmpty, rest.allSatisfy(isDigit) else {
      throw UsageError("\(complaint): \(Quoting.value(text))", isAboutUsage: false)
    }
    guard let number = UInt64(rest), number <= limit else {
      throw UsageError(
        "\(complaint): \(Quoting.value(text)): \(Errno.overflow)", isAboutUsage: false)
    }
    return number
  }

  /// Finds fault with the value of an option, as soon as that is come by.
  static func check(_ option: String, _ value: String) throws(UsageError) {
    switch option {
    case "lines": _ = try start(value, .lines)
    case "bytes": _ = try start(value, .bytes)
    case "follow": _ = try follow(value)
    case "sleep-interval": _ = try seconds(value)
    case "pid": _ = try process(value)
    case "max-unchanged-stats": _ = try looks(value)
    default: break
    }
  }

  /// `tail -5`, `+5`, `-5f`, `-20c`, `-2b`: a number, what it counts, and whether to follow. Such an
  /// argument comes first, and at most one file after it.
  static func obsolete(_ arguments: [String]) -> [String]? {
    guard let first = arguments.first, let sign = first.first, sign == "-" || sign == "+" else {
      return nil
    }
    let rest = arguments.dropFirst()
    let isOption = rest.first.map { $0.hasPrefix("-") && $0 != "-" } ?? false
    guard rest.isEmpty || rest.count == 1 && !isOption || rest.count <= 2 && rest.first == "--"
    else { return nil }
    let body = first.dropFirst()
    // The name of standard input, and an option of today.
    if sign == "-", body.isEmpty || body == "c" { return nil }
    let digits = body.prefix(while: isDigit)
    var suffix = body.dropFirst(digits.count)
    let unit = suffix.first.flatMap { "bcl".contains($0) ? $0 : nil }
    if unit != nil { suffix.removeFirst() }
    let follows = suffix == "f"
    guard suffix.isEmpty || follows else { return nil }
    let option = unit == nil || unit == "l" ? "lines" : "bytes"
    let number = (digits.isEmpty ? "10" : digits) + (unit == "b" ? "b" : "")
    return ["--\(option)=\(sign == "+" ? "+" : "")\(number)"]
      + (follows ? ["--follow=descriptor"] : []) + rest
  }
}
