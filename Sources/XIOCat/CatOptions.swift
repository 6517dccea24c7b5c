public import XIOEngines

/// What `cat` is to do.
public struct CatOptions: Sendable {
  /// How lines are shown.
  public var format = LineFormat()
  /// The engine and its sizes.
  public var transfer = TransferOptions()

  /// GNU's defaults.
  public init() {}
}

/// How lines are shown.
public struct LineFormat: Sendable, Equatable {
  /// Which lines get a number.
  public enum Numbering: Sendable {
    case none, all, nonblank
  }

  /// Which lines get a number.
  public var numbering = Numbering.none
  /// Whether of several empty lines in a row only the first is shown.
  public var squeezesBlank = false
  /// Whether lines end with `$`.
  public var showsEnds = false
  /// Whether tabs are shown as `^I`.
  public var showsTabs = false
  /// Whether what cannot be printed is shown as `^X` and `M-X`.
  public var showsNonprinting = false

  /// Lines as they are.
  public init() {}

  /// Whether bytes go out as they come in.
  var isPlain: Bool { self == LineFormat() }
}
