import Foundation
import Testing
import XIOCharts

/// What a picture says without its numbers: by places, lengths and colours.
@Suite struct ChartMeaningTests {
  /// The class that a legend has beside a text: what is drawn to the left of it, at its height.
  private static func sign(_ picture: Picture, _ text: String) throws -> String {
    let label = try #require(picture.texts.first { $0.text == text }, "\(text)")
    let beside = picture.drawn.filter { shape in
      shape.value == nil
        && shape.corners.allSatisfy {
          $0.x < label.left && $0.x > label.left - 40
            && abs($0.y - (label.top + label.bottom) / 2) < 9
        }
    }
    return try #require(beside.first, "\(text)").kind
  }

  @Test func barsHaveTheColourOfTheirSeries() throws {
    let chart = Samples.bars
    let picture = try Picture(chart.svg)
    let signs = try chart.series.map { try Self.sign(picture, $0) }
    #expect(Set(signs).count == chart.series.count)
    let bars = chart.groups.flatMap(\.bars)
    #expect(picture.bars.map(\.kind) == bars.map { signs[$0.series] })
  }

  @Test func whiskersReachAsFarAsValuesDo() throws {
    let chart = Samples.bars
    let picture = try Picture(chart.svg)
    let whiskers = picture.drawn.filter {
      $0.kind == "whisker" && $0.corners[0].y == $0.corners[1].y
    }
    let bars = chart.groups.flatMap(\.bars)
    #expect(whiskers.count == bars.count)
    for (whisker, (bar, drawn)) in zip(whiskers, zip(bars, picture.bars)) {
      let spread = try #require(bar.spread)
      let scale = (drawn.box.right - drawn.box.left) / bar.value
      for (corner, value) in [(0, spread.lowerBound), (1, spread.upperBound)] {
        #expect(abs(whisker.corners[corner].x - drawn.box.left - value * scale) < 0.1)
      }
      #expect((drawn.box.top...drawn.box.bottom).contains(whisker.corners[0].y))
    }
  }

  @Test func phasesHaveTheColoursOfTheLegend() throws {
    let chart = Samples.models
    let picture = try Picture(chart.svg)
    for (text, kind) in [
      ("waiting for data", "wait"), ("copying data", "copy"), ("preparing", "prepare"),
      ("both, not to be told apart", "both"), ("stands still in a call", "blocked"),
      ("asks again and again", "polling"), ("does something else", "free"),
    ] {
      #expect(try Self.sign(picture, text) == kind, "\(text)")
    }
    // What the process does lies below the phase in which it does it.
    let doings = picture.bars.filter { ["blocked", "polling", "free"].contains($0.kind) }
    let phases = picture.bars.filter { ["prepare", "wait", "copy", "both"].contains($0.kind) }
    #expect(doings.count == phases.count)
    for (phase, doing) in zip(phases, doings) {
      #expect(phase.box.left == doing.box.left && phase.box.right == doing.box.right)
      #expect(phase.value == doing.value && phase.box.bottom <= doing.box.top)
    }
    let blocking = picture.bars.prefix(4).map(\.kind)
    #expect(blocking == ["wait", "blocked", "copy", "blocked"])
  }

  @Test func pointsLieWhereTheirNumbersSay() throws {
    let chart = Samples.lines
    let picture = try Picture(chart.svg)
    let points = chart.lines.flatMap(\.points)
    let marks = picture.drawn.filter { $0.kind.contains("mark") && $0.value != nil }
    #expect(marks.compactMap(\.value) == points.map(\.y))
    func centre(_ index: Int) -> (x: Double, y: Double) {
      let corners = marks[index].corners
      // The one on the left and the one on the right lie at the same distance, or at the same height.
      let (xs, ys) = (corners.map(\.x), corners.map(\.y))
      return ((xs.min()! + xs.max()!) / 2, (ys.min()! + ys.max()!) / 2)
    }
    // Both axes are logarithmic, and go to the right and upwards.
    let (least, most) = (
      points.indices.min { points[$0].y < points[$1].y }!,
      points.indices.max { points[$0].y < points[$1].y }!
    )
    let (bottom, top) = (centre(least), centre(most))
    #expect(top.y < bottom.y - 50)
    for index in points.indices {
      let share = log(points[index].y / points[least].y) / log(points[most].y / points[least].y)
      let place = centre(index)
      #expect(abs(place.y - (bottom.y + share * (top.y - bottom.y))) < 2, "\(points[index])")
      let tick = try #require(
        picture.texts.first {
          $0.text == String(Int(points[index].x)) && $0.top > bottom.y
        })
      #expect(abs((tick.left + tick.right) / 2 - place.x) < 1, "\(points[index])")
    }
    // A line goes through its marks, and has their colour.
    let paths = picture.drawn.filter { $0.kind.hasPrefix("path") && $0.corners.count == 4 }
    #expect(paths.count == chart.lines.count)
    for (index, path) in paths.enumerated() {
      for (point, corner) in path.corners.enumerated() {
        let place = centre(4 * index + point)
        #expect(abs(place.x - corner.x) < 1 && abs(place.y - corner.y) < 2)
        #expect(path.kind.contains(marks[4 * index + point].kind.prefix(7)))
      }
      #expect(try Self.sign(picture, chart.lines[index].name) == path.kind)
    }
    #expect(Set(paths.map(\.kind)).count == paths.count)
  }

  /// Whatever is drawn has a colour in light and one in dark, and series have different ones.
  @Test func everythingHasItsColour() throws {
    for svg in [Samples.models.svg, Samples.bars.svg, Samples.lines.svg] {
      let picture = try Picture(svg)
      let parts = picture.style.components(separatedBy: "prefers-color-scheme: dark")
      #expect(parts.count == 2)
      let papers = try parts.map { part in
        let drawn = Set(picture.drawn.flatMap { $0.kind.split(separator: " ").map(String.init) })
        for kind in drawn.subtracting(["path", "dashed"]) {
          #expect(part.contains(".\(kind) {") || part.contains(".\(kind),"), "\(kind)")
        }
        let series = part.matches(of: /\.series[0-9] \{ fill: (#[0-9a-f]{6}) \}/).map { $0.1 }
        let strokes = part.matches(of: /\.path\.series[0-9] \{ fill: none; stroke: (#[0-9a-f]{6})/)
        #expect(Set(series).count == 8 && series == strokes.map { $0.1 })
        let kinds = ["wait", "copy", "both", "prepare", "free", "polling", "blocked"]
        let phases = try kinds.map { kind in
          let rule = try Regex("\\.\(kind) \\{ fill: (#[0-9a-f]{6})")
          return part.firstMatch(of: rule)?.output[1].substring
        }
        #expect(Set(phases).count == phases.count && !phases.contains(nil))
        return try #require(part.firstMatch(of: /\.paper \{ fill: #(..)/)).1
      }
      #expect(papers[0] > "e0" && papers[1] < "30")
    }
  }
}
