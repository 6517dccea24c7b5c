import Foundation
import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// `xio compare --svg` draws the numbers of `--json`.
@Suite(.serialized) struct CompareFigureTests {
  /// A shape that stands for a number: its classes and the number.
  private struct Shape {
    var kind: String
    var value: Double
  }

  /// Runs a comparison that prints JSON and draws a picture.
  private static func run(
    _ arguments: [any ByteString]
  ) throws -> (runs: [String: Any], shapes: [Shape], svg: String) {
    let directory = try TestDirectory()
    let result = try runXio(
      ["compare", "--json", "--svg", directory.path(of: "svg"), "--repeat", "3"] + arguments)
    expectQuietSuccess(result)
    let parsed = try JSONSerialization.jsonObject(with: Data(result.output))
    let svg = String(decoding: try directory.read("svg"), as: UTF8.self)
    try runTool(
      "python3", "-c", "import sys, xml.dom.minidom as m; m.parse(sys.argv[1])",
      directory.path(of: "svg"))
    let shapes = svg.matches(of: /class="([^"]+)"[^>]* data-value="([^"]+)"/).compactMap { match in
      Double(match.2).map { Shape(kind: String(match.1), value: $0) }
    }
    return (try #require(parsed as? [String: Any]), shapes, svg)
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// The runs of each setting, in the order of settings.
  private static func runs(_ json: [String: Any]) throws -> [[[String: Any]]] {
    let settings = try #require(json["settings"] as? [[String: Any]])
    let runs = try #require(json["runs"] as? [[String: Any]])
    return settings.indices.map { index in runs.filter { $0["setting"] as? Int == index } }
  }

  private static func expect(
    _ shapes: [Double], _ expected: [Double], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(shapes.count == expected.count, sourceLocation: sourceLocation)
    for (shape, value) in zip(shapes, expected) {
      #expect(abs(shape - value) <= value * 1e-9, sourceLocation: sourceLocation)
    }
  }

  @Test func barsAndPhasesAreThoseOfTheRuns() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 1 << 20)
    let (json, shapes, svg) = try Self.run([
      "--engines", "blocking,epoll,posix-aio", "--cache", "page,direct", "copy", source,
      directory.path(of: "target"),
    ])
    let runs = try Self.runs(json)
    #expect(runs.count == 6)
    let rates = runs.map { runs in
      Double(1 << 20) * 1e9 / Self.median(runs.compactMap { $0["wall_ns"] as? Double })
    }
    Self.expect(shapes.filter { $0.kind.hasPrefix("series") }.map(\.value), rates)
    for (kind, field) in [("wait", "wait_ns"), ("copy", "copy_ns"), ("both", "merged_ns")] {
      // The first setting of each engine, with the page cache.
      let expected = [runs[0], runs[2], runs[4]].compactMap { runs -> Double? in
        let sums = runs.compactMap { run -> Double? in
          let report = run["report"] as? [String: Any]
          let phases = report?["phases"] as? [[String: Any]] ?? []
          let known = phases.filter { $0["direction"] as? String == "read" }
            .compactMap { $0[field] as? Double }
          return known.isEmpty ? nil : known.reduce(0, +)
        }
        return sums.isEmpty ? nil : Self.median(sums)
      }
      #expect(!expected.isEmpty, "\(field)")
      Self.expect(shapes.filter { $0.kind == kind }.map(\.value), expected)
    }
    for word in ["blocking", "epoll", "posix-aio suspend", ">page<", ">direct<", "ext4 to ext4"] {
      #expect(svg.contains(word), "\(word)")
    }
    #expect(try directory.names() == ["source"])
  }

  @Test func aSweepBecomesLines() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 1 << 20)
    let (json, shapes, svg) = try Self.run([
      "--engines", "blocking,uring", "cat", "--block-size", "16K,64K,256K", source,
    ])
    let times = try Self.runs(json).map { runs in
      Self.median(runs.compactMap { $0["wall_ns"] as? Double })
    }
    #expect(times.count == 6)
    // The ring lets the process go on while it waits; what the page cache has is copied in a call.
    for words in ["free while waiting", "blocked while copying"] {
      #expect(svg.contains("Asynchronous I/O: \(words)"), "\(words)")
    }
    Self.expect(shapes.filter { $0.kind.contains("mark") }.map(\.value), times)
    for word in [">16.0 KiB<", ">64.0 KiB<", ">256 KiB<", "size of a block", ">uring<"] {
      #expect(svg.contains(word), "\(word)")
    }
  }

  /// Engines are shown with what all of them can do, though it was not named first.
  @Test func modelsAreShownWithOneSetting() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 1 << 20)
    let (json, shapes, svg) = try Self.run([
      "--engines", "blocking,kernel", "--cache", "direct,page", "copy", source,
      directory.path(of: "target"),
    ])
    #expect(svg.contains("Setting: page."))
    let waits = try Self.runs(json)[1].compactMap { run -> Double? in
      let report = run["report"] as? [String: Any]
      let phases = report?["phases"] as? [[String: Any]] ?? []
      return phases.first { $0["direction"] as? String == "read" }?["wait_ns"] as? Double
    }
    let shown = try #require(shapes.first { $0.kind == "wait" })
    Self.expect([shown.value], [Self.median(waits)])
  }

  /// A follower waits for events, which it is told of, and not in the few reads of the file.
  @Test func whatIsDoneMeanwhileIsThatOfMostOfTheWaiting() throws {
    let (_, _, svg) = try Self.run([
      "--engines", "blocking,sigio,libaio", "--events", "20", "tail", "-f",
    ])
    for words in [
      "Blocking I/O: blocked while waiting", "Signal-driven I/O: free while waiting",
      "Asynchronous I/O: free while waiting",
    ] {
      #expect(svg.contains(words), "\(words)")
    }
  }

  @Test func sourcesBecomeLines() throws {
    let (json, shapes, svg) = try Self.run([
      "--engines", "select,epoll", "--events", "20", "--active", "1", "fanin", "--sources", "1,8",
    ])
    let times = try Self.runs(json).map { runs in
      Self.median(runs.compactMap { $0["exchange_ns"] as? Double })
    }
    #expect(times.count == 4)
    // Lines go from left to right, an engine each.
    Self.expect(shapes.filter { $0.kind.contains("mark") }.map(\.value), times)
    for words in [
      "by number of sources<", "fanin: 20 lines, from at most 1 source;", "Setting: 1 source.",
    ] {
      #expect(svg.contains(words), "\(words)")
    }
  }

  @Test func intervalsAndIdleRunsAreNamed() throws {
    let (_, _, svg) = try Self.run([
      "--engines", "nonblocking", "--events", "5", "tail", "-f", "--sleep-interval", "0.001,0.05",
    ])
    for words in [">0.001 s<", ">0.05 s<", "Setting: looking every 0.001 s."] {
      #expect(svg.contains(words), "\(words)")
    }
    let (_, _, other) = try Self.run([
      "--events", "5", "--engines", "none,poll", "--overlap", "cat",
    ])
    #expect(other.contains(">nothing is read<") && other.contains("cat: 5 blocks;"))
  }

  /// A comparison that ends early has made no picture, and an old one is still there.
  @Test(arguments: [SIGINT, SIGKILL]) func aPictureIsMadeAtTheEnd(_ signal: CInt) throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 4096)
    try directory.write("old", "as before".utf8)
    for name in ["old", "new"] {
      let running = try startXio(
        [
          "compare", "--repeat", "10000", "--engines", "poll", "--svg", directory.path(of: name),
          "copy", source, directory.path(of: "target"),
        ] as [any ByteString])
      try eventually("it has begun") {
        try directory.names().contains { $0.string.hasPrefix(".xio-compare-") }
      }
      try running.signal(signal)
      #expect(try running.wait().ending == .signal(signal))
      #expect(try directory.read("old") == Array("as before".utf8))
      #expect(try !directory.names().contains("new"))
    }
    let again = try runXio(
      [
        "compare", "--repeat", "1", "--engines", "poll", "--svg", directory.path(of: "old"), "cat",
        source,
      ] as [any ByteString])
    #expect(again.status == 0, "\(again)")
    #expect(String(decoding: try directory.read("old"), as: UTF8.self).hasSuffix("</svg>\n"))
  }

  @Test func aPictureHasToBeKept() throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.writeRandom("source", count: 4096)
    let same = try runXio(["compare", "--svg", source, "cat", source])
    expectMessage(same, "and the picture", "are the same file")
    #expect(try directory.read("source").count == 4096)
    let nowhere = try runXio(["compare", "--svg", directory.path(of: "no/svg"), "cat", source])
    expectMessage(nowhere, "No such file")
    let full = try runXio(
      ["compare", "--engines", "poll", "--repeat", "1", "--svg", "/dev/full", "cat", source])
    expectMessage(full, "error writing '/dev/full'")
  }
}
