extension Report {
  /// The report as text of at most 80 columns, with a final newline.
  public func text() -> String {
    var page = Page()
    summary(&page)
    phaseLines(&page)
    latencyLines(&page)
    costLines(&page)
    cacheLines(&page)
    followLines(&page)
    fanin?.lines(&page)
    return page.lines.joined(separator: "\n") + "\n"
  }

  private func summary(_ page: inout Page) {
    let speed = Units.speed(bytes.total, in: wallNs)
    page.add(
      command, "\(Units.size(bytes.total)) in \(Units.time(wallNs)), \(speed), \(status)")
    page.add(
      "engine", "\(engine.ran) (asked: \(engine.asked)): \(engine.synchrony), \(engine.meanwhile)")
    if let notify = engine.notify.value { page.add("notify", notify) }
    if !engine.mechanisms.isEmpty {
      page.add("mechanism", engine.mechanisms.joined(separator: ", "))
    }
    for reason in engine.reasons + engine.remarks { page.add("", reason) }
    var depth = "queue depth \(engine.queueDepthInUse)"
    if engine.queueDepth != engine.queueDepthInUse { depth += " (asked: \(engine.queueDepth))" }
    page.add("buffers", "\(Units.size(engine.blockSize)), \(depth)")
    page.add(
      "bytes",
      "\(Units.size(bytes.userCopied)) user-copied, \(Units.size(bytes.offloaded)) offloaded, "
        + "\(Units.size(bytes.reflinked)) reflinked")
    if max(bytes.directRead, bytes.directWritten) > 0 {
      page.add(
        "direct",
        "\(Units.size(bytes.directRead)) read, \(Units.size(bytes.directWritten)) written, "
          + "\(Units.size(bytes.bufferedTail)) of the end buffered")
    }
  }

  private func phaseLines(_ page: inout Page) {
    for (index, phase) in phases.enumerated() {
      var parts: [String] = []
      if let wait = phase.waitNs.value { parts.append("wait \(Units.time(wait))") }
      if let copy = phase.copyNs.value { parts.append("copy \(Units.time(copy))") }
      if let prepare = phase.prepareNs.value { parts.append("prepare \(Units.time(prepare))") }
      if let merged = phase.mergedNs.value { parts.append("wait and copy \(Units.time(merged))") }
      page.add(
        index == 0 ? "phases" : "",
        "\(phase.direction): \(parts.joined(separator: ", ")) (\(phase.basis))")
    }
  }

  private func latencyLines(_ page: inout Page) {
    for (index, name) in latencyNs.keys.sorted().enumerated() {
      guard let latency = latencyNs[name] else { continue }
      let figures = [
        ("p50", latency.p50), ("p90", latency.p90), ("p99", latency.p99), ("max", latency.max),
      ]
      page.add(
        index == 0 ? "latency" : "",
        "\(name): " + figures.map { "\($0) \(Units.time($1))" }.joined(separator: ", "))
    }
  }

  private func costLines(_ page: inout Page) {
    page.add("processor", "user \(Units.time(userNs)), system \(Units.time(systemNs))")
    page.add(
      "operations",
      "\(operations.submitted) submitted, \(operations.shortCounts) short, "
        + "\(operations.eagainRetries) EAGAIN, \(operations.signals) signals")
    let names = systemCalls.byName.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    page.add(
      "calls", "\(systemCalls.total) system calls: " + Page.list(names.map { ($0.key, $0.value) }))
    if !requests.isEmpty {
      page.add(
        "requests", Page.list(requests.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }))
    }
    page.add(
      "switches",
      "\(contextSwitches.voluntary) voluntary, \(contextSwitches.involuntary) involuntary; "
        + "faults: \(faults.minor) minor, \(faults.major) major")
    if let read = device.readBytes.value, let written = device.writeBytes.value {
      page.add("device", "\(Units.size(read)) read, \(Units.size(written)) written")
    } else {
      page.add("device", "unknown: \(device.readBytes.reason ?? "")")
    }
  }

  private func cacheLines(_ page: inout Page) {
    for file in pageCache {
      page.add(
        file.role,
        "\(escaped(file.file.text)), \(Units.size(file.bytes)), cache mode \(file.mode)"
          + (file.asked == file.mode ? "" : " (asked: \(file.asked))"))
      if let before = file.before.residentPages.value, let after = file.after.residentPages.value {
        var line = "resident \(before) → \(after) pages"
        if let dirty = file.after.dirtyPages.value, let writeback = file.after.writebackPages.value
        {
          line += ", then \(dirty) dirty, \(writeback) in writeback"
        }
        page.add("", line)
      } else {
        page.add(
          "",
          "pages unknown: \(file.after.residentPages.reason ?? file.before.residentPages.reason ?? "")"
        )
      }
      if let alignment = file.alignment.value {
        let honoured =
          file.directHonoured.value.map { $0 ? "honoured" : "not honoured" } ?? "unknown"
        page.add("", "O_DIRECT \(honoured), alignment \(alignment) bytes")
      }
    }
    if let dirty = durability.dirtyBytes.value, dirty > 0 {
      page.add("durability", "\(durability.level): \(Units.size(dirty)) not on the device yet")
    } else if durability.level != "cached" {
      page.add("durability", durability.level)
    }
    if verification != "none" {
      page.add("verified", "\(verification): \(Units.size(verifiedBytes)) are the same")
    }
  }

  private func followLines(_ page: inout Page) {
    guard let follow else { return }
    page.add(
      "follow",
      "\(Units.count(follow.wakeUps, "wake-up")), \(Units.count(follow.eventOverflows, "overflow")) of events"
    )
    for source in follow.sources {
      page.add(
        "source",
        "\(escaped(source.file.text)): \(Units.size(source.bytes)), \(Units.count(source.lines, "line")), "
          + "\(Units.count(source.generations, "generation")), "
          + Units.count(source.truncations, "truncation"))
      page.add(
        "",
        "lag \(Units.size(source.lagBytes)), at most \(Units.size(source.maximumLagBytes)); lost: "
          + "\(Units.count(source.lost.truncatedBytes, "byte")) cut, "
          + "\(source.lost.rewrittenBytes) rewritten, \(Units.count(source.lost.files, "file"))")
      if source.holeBytes + Int64(source.addedNewlines) + source.repeatedBytes > 0 {
        page.add(
          "",
          "holes \(Units.size(source.holeBytes)), newlines added \(source.addedNewlines), "
            + "perhaps repeated \(Units.size(source.repeatedBytes))")
      }
    }
  }

  private func escaped(_ name: String) -> String { Page.escaped(name) }
}

extension Report.Fanin {
  /// The account as text of at most 80 columns, with a final newline.
  public func text() -> String {
    var page = Page()
    lines(&page)
    return page.lines.joined(separator: "\n") + "\n"
  }

  fileprivate func lines(_ page: inout Page) {
    page.add(
      "fanin",
      "\(Units.count(sources.count, "source")), "
        + "\(Units.count(sources.reduce(0) { $0 + $1.lines }, "line")), "
        + "\(Units.size(sources.reduce(0) { $0 + $1.bytes })), \(Units.count(wakeUps, "wake-up")), "
        + "\(Units.count(eventOverflows, "overflow")) of events")
    for source in sources { source.lines(&page) }
  }
}

extension Report.FaninSource {
  fileprivate func lines(_ page: inout Page) {
    var text = "\(number) \(Page.escaped(source.text))"
    if let peer { text += " (\(Page.escaped(peer)))" }
    text += ": \(Units.size(bytes)), \(Units.count(lines, "line"))"
    if lagBytes > 0 { text += ", lag \(Units.size(lagBytes))" }
    if connections > 0 { text += ", \(Units.count(connections, "connection"))" }
    if spilledBytes > 0 { text += ", \(Units.size(spilledBytes)) spilled" }
    if unfinishedLines > 0 { text += ", \(unfinishedLines) unfinished" }
    if repeatedBytes > 0 { text += ", perhaps repeated \(Units.size(repeatedBytes))" }
    page.add("source", text)
    if !lossText.isEmpty { page.add("", lossText) }
  }

  /// What is missing, cut or late, in words; empty when nothing is.
  public var lossText: String {
    var parts: [String] = []
    let dropped = dropped.text
    if !dropped.isEmpty { parts.append("lost: \(dropped)") }
    if longLines > 0 {
      parts.append("\(Units.count(longLines, "line")) \(longLines == 1 ? "was" : "were") too long")
    }
    if late > 0 { parts.append("\(Units.count(late, "line")) came late") }
    return parts.joined(separator: "; ")
  }
}

/// Lines with a title in the first column, broken at 80.
private struct Page {
  private static let indent = 12
  private static let width = 80
  /// Stands for a blank at which no line is broken.
  private static let firmSpace: Character = "\u{A0}"
  var lines: [String] = []

  /// Names with their counts, which stay together.
  static func list(_ entries: [(name: String, count: UInt64)]) -> String {
    entries.map { "\($0.name)\(firmSpace)\($0.count)" }.joined(separator: ", ")
  }

  /// A name without control characters.
  static func escaped(_ name: String) -> String {
    String(
      String.UnicodeScalarView(
        name.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? "?" : $0 }))
  }

  mutating func add(_ title: String, _ text: String) {
    var title = title
    var line = ""
    for word in text.split(separator: " ").flatMap(Self.pieces) {
      if !line.isEmpty, Self.indent + line.count + 1 + word.count > Self.width {
        lines.append(Self.pad(title) + line)
        title = ""
        line = ""
      }
      line +=
        (line.isEmpty ? "" : " ") + word.split(separator: Self.firmSpace).joined(separator: " ")
    }
    lines.append(Self.pad(title) + line)
  }

  /// A word that is longer than a line, such as a path, in as many parts as it takes.
  private static func pieces(_ word: Substring) -> [Substring] {
    var pieces: [Substring] = []
    var rest = word
    while !rest.isEmpty {
      pieces.append(rest.prefix(width - indent))
      rest = rest.dropFirst(width - indent)
    }
    return pieces
  }

  private static func pad(_ title: String) -> String {
    title + String(repeating: " ", count: max(1, indent - title.count))
  }
}
