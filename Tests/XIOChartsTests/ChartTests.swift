import Testing
import XIOCharts

/// Charts with values like those of a machine, and with such as no machine has.
enum Samples {
  static let models = ModelChart(
    title: "Where the time of a read goes, by I/O model",
    subtitle:
      "Five models read 64 KiB from a pipe whose writer sleeps for 20 ms; median of 9 runs.",
    models: [
      .init(
        name: "Blocking I/O", engine: "blocking", wait: 20_100_000, copy: 48_000,
        whileWaiting: .blocked, whileCopying: .blocked),
      .init(
        name: "Non-blocking I/O", engine: "nonblocking", wait: 20_600_000, copy: 47_000,
        prepare: 260_000, whileWaiting: .polling, whileCopying: .blocked),
      .init(
        name: "I/O multiplexing", engine: "epoll", wait: 20_200_000, copy: 51_000,
        whileWaiting: .blocked, whileCopying: .blocked),
      .init(
        name: "Signal-driven I/O", engine: "sigio", wait: 20_300_000, copy: 55_000,
        whileWaiting: .free, whileCopying: .blocked),
      .init(
        name: "Asynchronous I/O", engine: "posix-aio --notify signal", wait: nil, copy: nil,
        merged: 20_400_000, whileWaiting: .free, whileCopying: .free),
    ])

  static let engines = [
    "blocking", "nonblocking", "select", "poll", "epoll", "sigio", "posix-aio suspend",
    "posix-aio poll", "posix-aio signal", "posix-aio thread", "libaio", "uring", "kernel",
  ]

  static let bars = BarChart(
    title: "Throughput of copying 256 MiB, by engine and cache mode",
    subtitle:
      "Cold source on ext4; bars are medians of 7 runs, whiskers the fastest and the slowest.",
    axis: "throughput", quantity: .rate, series: ["page", "direct", "uncached"],
    groups: engines.enumerated().map { index, name in
      let base = 900e6 + Double(index) * 83e6
      return .init(
        name: name,
        bars: (0..<(name == "kernel" ? 1 : 3)).map { series in
          let value = base * (1 - Double(series) * 0.22)
          return .init(series: series, value: value, spread: value * 0.93...value * 1.06)
        })
    })

  static let lines = LineChart(
    title: "Cost of gathering lines, by number of sources",
    subtitle: "4 of the sources are active; processor time for 100 000 lines, median of 5 runs.",
    horizontal: "number of sources", vertical: "processor time", quantity: .time,
    lines: engines.enumerated().map { index, name in
      .init(
        name: name,
        points: [1, 8, 64, 512].map { sources in
          .init(
            x: sources,
            y: 60e6 * (1 + Double(index) * 0.17)
              + (index % 3 == 2 ? 400_000 * sources : 9000 * sources))
        })
    })
}

@Suite struct ChartTests {
  /// Names that break XML, layouts and lines.
  private static let hostile = "<b>&\"' \u{1}\u{FFFE} " + String(repeating: "sehr-lang ", count: 30)

  @Test func phasesAreThoseThatWereMeasured() throws {
    let chart = Samples.models
    let picture = try Picture(chart.svg)
    picture.expectOrder()
    for (kind, values) in [
      ("wait", chart.models.compactMap(\.wait)), ("copy", chart.models.compactMap(\.copy)),
      ("both", chart.models.compactMap(\.merged)),
      ("prepare", chart.models.map(\.prepare).filter { $0 > 0 }),
    ] {
      #expect(picture.bars.filter { $0.kind == kind }.map(\.value) == values, "\(kind)")
    }
    // Lengths are to one another as times are.
    let waits = picture.bars.filter { $0.kind == "wait" }
    for wait in waits {
      let ratio = (wait.box.right - wait.box.left) / (waits[0].box.right - waits[0].box.left)
      #expect(abs(ratio - wait.value / waits[0].value) < 0.001)
    }
    let free = picture.bars.filter { $0.kind == "free" }
    #expect(free.map(\.value) == [20_300_000, 20_400_000])
    #expect(picture.texts.contains { $0.text == "waiting 20.1 ms, copying 48.0 µs" })
  }

  @Test func barsAreThoseThatWereMeasured() throws {
    let chart = Samples.bars
    let picture = try Picture(chart.svg)
    picture.expectOrder()
    #expect(picture.bars.map(\.value) == chart.groups.flatMap(\.bars).map(\.value))
    for bar in picture.bars {
      let ratio =
        (bar.box.right - bar.box.left) / (picture.bars[0].box.right - picture.bars[0].box.left)
      #expect(abs(ratio - bar.value / picture.bars[0].value) < 0.001)
      #expect(!picture.texts.contains { $0.meets(bar.box) }, "text over a bar")
    }
    #expect(picture.shapes.first?.title == "blocking, page: 858 MiB/s, 798 MiB/s to 910 MiB/s")
    for label in ["page", "direct", "uncached", "throughput", "0", "1.5 GiB/s"] {
      #expect(picture.texts.contains { $0.text == label }, "\(label)")
    }
  }

  @Test func linesAreThoseThatWereMeasured() throws {
    let chart = Samples.lines
    let picture = try Picture(chart.svg)
    picture.expectOrder()
    #expect(picture.shapes.map(\.value) == chart.lines.flatMap(\.points).map(\.y))
    #expect(picture.shapes.first?.title == "blocking, 1: 60.0 ms")
    for label in ["1", "8", "64", "512", "number of sources", "processor time", "100 ms"] {
      #expect(picture.texts.contains { $0.text == label }, "\(label)")
    }
  }

  /// Wherever values lie there are numbers at the axes, and nothing lies outside.
  @Test(arguments: [1, 37, 999, 1000, 5e5, 3e9, 2e12])
  func axesSuitAllValues(_ size: Double) throws {
    for quantity in [Quantity.time, .rate, .count] {
      for values in [
        [size], [size, size * 1.01], [size, size * 30], [size, size * 40_000], [0, size],
      ] {
        let bars = BarChart(
          title: "t", subtitle: "s", axis: "a", quantity: quantity, series: ["x"],
          groups: values.map { .init(name: "g", bars: [.init(series: 0, value: $0)]) })
        let picture = try Picture(bars.svg)
        picture.expectOrder()
        let lines = LineChart(
          title: "t", subtitle: "s", horizontal: "h", vertical: "v", quantity: quantity,
          lines: [
            .init(
              name: "l", points: values.enumerated().map { .init(x: Double($0 + 1), y: $1) })
          ])
        let drawn = try Picture(lines.svg)
        drawn.expectOrder()
        #expect(drawn.texts.count >= 6, "\(size) \(quantity) \(values)")
      }
    }
  }

  @Test func anyTextHasItsPlace() throws {
    var models = Samples.models
    models.title = Self.hostile
    models.subtitle = Self.hostile
    for index in models.models.indices {
      models.models[index].name = Self.hostile
      models.models[index].engine = Self.hostile
    }
    var bars = Samples.bars
    bars.series = bars.series.map { _ in Self.hostile }
    bars.axis = Self.hostile
    for index in bars.groups.indices { bars.groups[index].name = Self.hostile }
    var lines = Samples.lines
    lines.horizontal = Self.hostile
    lines.labels = [1: "4 KiB", 8: "32 KiB", 64: "256 KiB", 512: "2 MiB"]
    for index in lines.lines.indices { lines.lines[index].name = Self.hostile }
    for svg in [models.svg, bars.svg, lines.svg] {
      let picture = try Picture(svg)
      picture.expectOrder()
    }
    #expect(try Picture(bars.svg).shapes[0].title.hasPrefix("<b>&\"'  sehr-lang"))
    #expect(try Picture(lines.svg).texts.contains { $0.text == "32 KiB" })
  }

  @Test func nothingToShowIsNoError() throws {
    let picture = try Picture(ModelChart(title: "t", subtitle: "s", models: []).svg)
    picture.expectOrder()
    let unmeasured = ModelChart(
      title: "t", subtitle: "s",
      models: [
        .init(
          name: "n", engine: "e", wait: nil, copy: nil, whileWaiting: .free, whileCopying: .free)
      ])
    #expect(try Picture(unmeasured.svg).texts.contains { $0.text == "not measured" })
    let lines = LineChart(
      title: "t", subtitle: "s", horizontal: "h", vertical: "v", quantity: .time, lines: [])
    try Picture(lines.svg).expectOrder()
  }
}
