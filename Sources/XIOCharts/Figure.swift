/// A part of a figure.
public protocol Chart: Sendable {
  /// What it shows.
  var title: String { get }
  /// How it was measured.
  var subtitle: String { get }
  /// Draws it below what is there.
  func draw(on figure: inout Figure)
}

extension Chart {
  /// A picture of this alone.
  public var svg: String { Figure.svg([self]) }
}

/// Charts one below the other in one picture, in light and dark.
public struct Figure {
  var canvas: Canvas

  /// Draws charts.
  ///
  /// - Parameter charts: The charts from top to bottom.
  /// - Returns: SVG, which shows itself in light or in dark as its viewer prefers.
  public static func svg(_ charts: [any Chart]) -> String {
    var figure = Figure(
      canvas: Canvas(
        charts.map(\.title).joined(separator: "; "),
        description: charts.map(\.subtitle).joined(separator: " ")))
    for chart in charts { chart.draw(on: &figure) }
    return figure.canvas.svg
  }
}
