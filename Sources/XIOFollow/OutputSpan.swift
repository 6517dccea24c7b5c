/// The bytes of a regular output that one write fills.
public struct OutputSpan: Sendable, Equatable {
  /// What a write consists of, which decides what may become of a part of it.
  public enum Content: String, Sendable {
    /// A header, or the end of somebody else's line, if any; then bytes of one file as they are.
    case verbatim = "v"
    /// Whole lines of files, with something added to each.
    case rendered = "r"
    /// Something that cannot be written again as it is.
    case unrepeatable = "n"
    /// Anything, where others have written to the output as well, so that offsets say nothing.
    case shared = "s"
  }

  /// The offset in the output at which it begins.
  public var start: Int64
  /// How many bytes it has.
  public var count: Int64
  /// What they are.
  public var content: Content

  /// The offset behind it.
  var end: Int64 { start + count }

  /// Whether it comes after another one; of two at one place the first was never made.
  func isAfter(_ other: OutputSpan) -> Bool { (start, count) > (other.start, other.count) }
}
