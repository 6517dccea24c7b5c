internal import ArgumentParser
internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// `xio engines`.
struct EnginesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: CommandName.engines.rawValue,
    abstract: "List the I/O engines, and what each can do here and with a file.",
    discussion: """
      Without PATH: which engines can run on this machine, how each announces results and what the \
      process does meanwhile. With PATH, or fd:N for a descriptor that is open already: how each \
      engine would wait for that very file, and which cache modes its file system honours.
      """)

  @Argument(
    help: ArgumentHelp("A file, or fd:N for an open descriptor.", valueName: "path"),
    completion: .file())
  var subject: Operand?

  func run() throws {
    let status: ExitStatus
    if let subject {
      let diagnostics = Diagnostics(program: Arguments.shownName)
      do throws(IOFailure) {
        status = StandardStreams.print(try DescriptorTable.text(for: subject.path))
      } catch {
        diagnostics.report(error, namesAreQuoted: true)
        throw ExitStatus.failure
      }
    } else {
      status = StandardStreams.print(EngineTable.text)
    }
    if status != .success { throw status }
  }
}

/// What the engines are, and whether they run here.
enum EngineTable {
  /// The table, with the cause and the mend for each engine that does not run.
  static var text: String {
    var list = Table(["ENGINE", "HERE"] + modelHeadings)
    var calls = Table(callHeadings)
    var problems: [String] = []
    for engine in Registry.all {
      let availability = engine.availability()
      var here = "yes"
      if case .unavailable(let problem) = availability {
        here = "no"
        problems.append("\(problem.engine.rawValue): \(problem.cause)\nhint: \(problem.mend)")
      }
      for (label, model) in models(of: engine) { list.add([label, here] + model) }
      calls.add(self.calls(of: engine))
    }
    return ([list.text, calls.text] + problems.map { $0 + "\n" }).joined(separator: "\n")
  }

  /// The models, which are the same on every machine: headings, and a row for each.
  static var models: [[String]] {
    var rows = [["ENGINE"] + modelHeadings]
    for engine in Registry.all {
      for (label, model) in models(of: engine) { rows.append([label] + model) }
    }
    return rows
  }

  /// The calls that move data: headings, and a row for each engine.
  static var calls: [[String]] {
    var rows = [callHeadings]
    for engine in Registry.all { rows.append(calls(of: engine)) }
    return rows
  }

  private static let modelHeadings = ["RESULT IS", "CALLER MEANWHILE", "DEPTH"]
  private static let callHeadings = ["ENGINE", "PIPES, SOCKETS, TERMINALS", "REGULAR FILES"]

  private static func models(
    of engine: any (EngineDescription & ~Copyable).Type
  ) -> [(String, [String])] {
    variants(of: engine).map { label, traits in
      let depth = traits.maximumDepth == 1 ? "1" : "any"
      return (label, [traits.synchrony.rawValue, traits.meanwhile.rawValue, depth])
    }
  }

  private static func calls(of engine: any (EngineDescription & ~Copyable).Type) -> [String] {
    [engine.name.rawValue, engine.traits.onStreams, engine.traits.onFiles]
  }

  /// POSIX AIO is four models, one for each way of notification.
  private static func variants(
    of engine: any (EngineDescription & ~Copyable).Type
  ) -> [(String, EngineTraits)] {
    guard engine.name == .posixAIO else { return [(engine.name.rawValue, engine.traits)] }
    return AIONotification.allCases.map {
      ("posix-aio \($0.rawValue)", PosixAIOEngine.traits(for: $0))
    }
  }
}

/// What engines and cache modes can do with one descriptor.
enum DescriptorTable {
  /// The tables for a path or `fd:N`.
  ///
  /// - Throws: ``IOFailure`` when there is no such file or descriptor.
  static func text(for path: FilePath) throws(IOFailure) -> String {
    let (descriptor, isOwned) = try open(path)
    defer { if isOwned { try? System.close(descriptor) } }
    let facts = try System.attempt(.open, path) { () throws(Errno) in
      try DescriptorFacts(descriptor)
    }
    var text =
      "\(Quoting.whereNeeded(path)): \(facts.isTerminal ? "terminal" : facts.kind.rawValue)\n\n"
    var engines = Table(["ENGINE", "READINESS", "REMARK"])
    for engine in Registry.all {
      let report = engine.inspect(facts)
      engines.add([engine.name.rawValue, report.readiness.rawValue, report.remark])
    }
    text += engines.text
    if facts.kind == .regular || facts.kind == .blockDevice { text += "\n" + cacheModes(facts) }
    return text
  }

  private static func open(
    _ path: FilePath
  ) throws(IOFailure) -> (descriptor: FileDescriptor, isOwned: Bool) {
    if path.string.hasPrefix("fd:"), let number = Int32(path.string.dropFirst(3)) {
      guard !StandardStreams.closed.contains(number) else {
        throw IOFailure(.open, path, .badFileDescriptor)
      }
      return (FileDescriptor(rawValue: number), false)
    }
    // Opening a FIFO must not wait for a writer, nor a terminal take over.
    let opened = try System.attempt(.open, path) { () throws(Errno) in
      try System.open(path, [.readOnly, .nonBlocking, .noTerminal])
    }
    return (opened, true)
  }

  private static func cacheModes(_ facts: DescriptorFacts) -> String {
    var modes = Table(["CACHE MODE", "HERE", "REMARK"])
    modes.add(["page", "yes", ""])
    let direct: [String] =
      facts.directAlignment.map { alignment in
        let assumed = alignment.isDeclared ? "" : ", assumed"
        return [
          "direct", "honoured",
          "memory \(alignment.memory), offsets \(alignment.offset) bytes" + assumed,
        ]
      } ?? ["direct", "not honoured", "no DIOALIGN: O_DIRECT is accepted and ignored"]
    modes.add(direct)
    modes.add(["uncached", word(facts.dontCache), "RWF_DONTCACHE" + reason(facts.dontCache)])
    let keep =
      facts.dontCache == .honoured
      ? "as uncached" : facts.directAlignment == nil ? "no" : "as direct"
    modes.add(["keep", keep, ""])
    modes.add(["RWF_NOWAIT", word(facts.noWait), "asked by nonblocking" + reason(facts.noWait)])
    return modes.text
  }

  private static func word(_ honour: Honour) -> String {
    switch honour {
    case .honoured: "honoured"
    case .refused: "refused"
    case .notApplicable: "unknown"
    }
  }

  private static func reason(_ honour: Honour) -> String {
    switch honour {
    case .refused(let errno): ": \(errno)"
    case .notApplicable: ": the descriptor is not open for reading"
    case .honoured: ""
    }
  }
}

/// Columns as wide as their widest entry, the last one open.
struct Table {
  private var rows: [[String]]

  /// Begins with the headings.
  init(_ headings: [String]) {
    rows = [headings]
  }

  /// Adds a row.
  mutating func add(_ row: [String]) {
    rows.append(row)
  }

  /// The lines, each with a newline.
  var text: String {
    let widths = (0..<(rows.first?.count ?? 0)).map { column in
      rows.map { $0[column].count }.max() ?? 0
    }
    return rows.map { row in
      let line = zip(row, widths).map { cell, width in
        cell + String(repeating: " ", count: width - cell.count)
      }.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
    }.joined()
  }
}
