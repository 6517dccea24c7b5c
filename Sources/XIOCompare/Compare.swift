internal import SystemPackage
internal import XIOEngines
internal import XIOReport
internal import XIOSystem

/// Compares ways of doing one job: runs it in each of them, again and again, in turn.
public struct Compare {
  private let options: CompareOptions

  /// Told before every run how many have been made, how many there are, and what comes next.
  public typealias Progress = (_ done: Int, _ all: Int, _ next: Comparison.Setting) -> Void

  /// Told of each directory that a comparison has left behind that was killed.
  public typealias LeftoverReport = (Leftover) -> Void

  /// Told of the traces of a comparison that was to make them, while they are there.
  public typealias TraceKeeper = (Traces) -> Void

  /// Takes what is to be compared.
  public init(_ options: CompareOptions) {
    self.options = options
  }

  /// Makes all runs, and removes every file that was made for them.
  ///
  /// - Parameters:
  ///   - onProgress: Told before every run.
  ///   - onLeftover: Told of what others have left behind where files are made.
  ///   - onTraces: Told of traces, when all runs have been made.
  /// - Returns: What was found.
  /// - Throws: ``CompareError``.
  public func run(
    onProgress: Progress, onLeftover: LeftoverReport, onTraces: TraceKeeper
  ) throws(CompareError) -> Comparison {
    Termination.catchSignals()
    let plan = try Plan(options)
    if options.overlaps, !options.operands.isEmpty { return try multiplyHere(plan) }
    let site = try Site(options, onLeftover)
    do throws(CompareError) {
      let comparison = try measure(plan, site, onProgress, onTraces)
      try site.close()
      return comparison
    } catch {
      try? site.close()
      throw error
    }
  }

  private func measure(
    _ plan: Plan, _ site: Site, _ onProgress: Progress, _ onTraces: TraceKeeper
  ) throws(CompareError) -> Comparison {
    var comparison = Comparison(
      program: options.program, machine: site.machine, job: job(site), settings: plan.settings)
    comparison.leftOut = plan.unavailable
    let trial = try site.trial(options)
    var dropped: Set<Int> = []
    let rounds = options.repeats + (options.traces ? 1 : 0)
    for round in 1...options.repeats {
      for index in plan.order(ofRound: round, seed: options.seed) where !dropped.contains(index) {
        let setting = plan.settings[index]
        let all = plan.settings.count * rounds
        onProgress(comparison.runs.count, all - dropped.count * (rounds - round), setting)
        var run = Comparison.Run(setting: index, round: round)
        try site.prepare(setting, &run)
        try trial.run(setting, &run)
        if Termination.requested != nil { throw .interrupted }
        comparison.runs.append(run)
        if !run.succeeded, round == 1 {
          // What cannot be done at all would not be done the next time either.
          dropped.insert(index)
          comparison.leftOut.append(
            .init(setting: setting, reason: run.message ?? "", wasTried: true))
        }
      }
    }
    let settings = plan.settings.indices.filter { !dropped.contains($0) }
    if options.traces, !settings.isEmpty {
      let done = comparison.runs.count
      onTraces(
        try trace(settings.map { plan.settings[$0] }, site) { number, setting in
          onProgress(done + number, done + settings.count, setting)
        })
    }
    return comparison
  }

  /// Makes one more run of each setting, which counts for nothing: noting every operation takes time.
  private func trace(
    _ settings: [Comparison.Setting], _ site: Site,
    _ onProgress: (Int, Comparison.Setting) -> Void
  ) throws(CompareError) -> Traces {
    var traces: TraceWriter
    do throws(IOFailure) { traces = try TraceWriter(in: site.place) } catch { throw .io(error) }
    defer { traces.close() }
    let trial = try site.trial(options, tracedInto: traces.source)
    var missing: [Comparison.LeftOut] = []
    for (number, setting) in settings.enumerated() {
      onProgress(number, setting)
      var run = Comparison.Run(setting: number, round: options.repeats + 1)
      try site.prepare(setting, &run)
      try trial.run(setting, &run)
      if Termination.requested != nil { throw .interrupted }
      guard run.succeeded else {
        missing.append(.init(setting: setting, reason: run.message ?? "", wasTried: true))
        continue
      }
      do throws(IOFailure) { try traces.add(setting) } catch { throw .io(error) }
    }
    do throws(IOFailure) {
      return Traces(file: try traces.finish(), missing: missing)
    } catch {
      throw .io(error)
    }
  }

  /// Multiplies matrices in this process while standard input is read, which can be done once.
  private func multiplyHere(_ plan: Plan) throws(CompareError) -> Comparison {
    guard plan.settings.count == 1, let setting = plan.settings.first else {
      throw .message(
        "standard input can be read once, and these are \(plan.settings.count) settings",
        hint: "name one engine and one way of notification, or leave out the -")
    }
    var comparison = Comparison(
      program: options.program, machine: .here, job: job(nil), settings: plan.settings)
    comparison.job.repeats = 1
    comparison.job.events = nil
    comparison.job.rate = nil
    var run = Comparison.Run(setting: 0, round: 1)
    let started = Clock.monotonic
    run.foreground = try Overlap.measure(setting)
    run.wallNs = Clock.monotonic - started
    comparison.runs.append(run)
    return comparison
  }

  private func job(_ site: Site?) -> Comparison.Job {
    let reads = options.readsFiles
    let dash = UInt8(ascii: "-")
    // Without it they would be taken for options.
    let end = options.operands.contains { $0.first == dash && $0.count > 1 } ? [[dash, dash]] : []
    return Comparison.Job(
      command: options.command.rawValue,
      words: (options.words + end + options.operands).map { FileName(bytes: $0) },
      measure: options.measure, repeats: options.repeats, seed: options.seed,
      inputBytes: site?.inputs.bytes ?? 0, inputFiles: site?.inputs.files.count ?? 0,
      events: reads ? nil : options.events,
      rate: options.follows || options.overlaps ? options.rate : nil)
  }
}

/// Where a comparison takes place: its inputs, and a directory for what it makes.
struct Site {
  let inputs: Inputs
  let place: PrivateDirectory
  let machine: Comparison.Machine
  private let memory: UnsafeMutableRawBufferPointer

  private static let margin: Int64 = 4 << 20

  /// Looks at everything, and makes the directory.
  ///
  /// - Throws: ``CompareError``; nothing has been made then.
  init(
    _ options: CompareOptions, _ onLeftover: Compare.LeftoverReport
  ) throws(CompareError) {
    let parent = Self.parent(options)
    // They may take the room that is wanted now.
    Leftovers.clear(in: parent, onLeftover)
    let sources = Self.sources(options)
    inputs = try Inputs(sources, hasTrees: options.command == .copy)
    if options.command == .copy, Self.intoDirectory(options), !Self.isDirectory(parent) {
      throw .io(IOFailure(.target, parent, .notDirectory))
    }
    let room = try Self.room(in: parent)
    if options.command == .copy {
      try Self.check(room, inputs)
    } else if options.command == .fanin, !options.readsFiles {
      try Self.check(room, files: options.sources.max() ?? 0)
    }
    var machine = Comparison.Machine.here
    machine.sourceFileSystem = try sources.first.map { source throws(CompareError) in
      try Self.room(in: source).fileSystem
    }
    machine.targetFileSystem = options.command == .copy ? room.fileSystem : nil
    self.machine = machine
    do throws(IOFailure) { place = try PrivateDirectory(in: parent) } catch { throw .io(error) }
    memory = .allocate(byteCount: 1 << 20, alignment: 4096)
  }

  private static func sources(_ options: CompareOptions) -> [FilePath] {
    guard options.readsFiles else { return [] }
    if let gathered = options.gathered { return gathered }
    let operands = options.command == .copy ? options.operands.dropLast() : options.operands[...]
    return operands.map { FilePath(bytes: $0) }
  }

  /// Where files are made: beside what would be written, so that it is the same file system.
  private static func parent(_ options: CompareOptions) -> FilePath {
    guard let last = options.operands.last, options.command == .copy || !options.readsFiles else {
      return System.temporaryDirectory
    }
    let target = FilePath(bytes: last)
    if options.command != .copy || intoDirectory(options) { return target }
    let parent = target.removingLastComponent()
    return parent.isEmpty ? "." : parent
  }

  private static func isDirectory(_ path: FilePath) -> Bool {
    (try? System.status(path))?.kind == .directory
  }

  private static func intoDirectory(_ options: CompareOptions) -> Bool {
    guard !options.targetIsNoDirectory, let last = options.operands.last else { return false }
    return options.operands.count > 2 || isDirectory(FilePath(bytes: last))
  }

  private static func room(in path: FilePath) throws(CompareError) -> Room {
    do throws(IOFailure) {
      return try System.attempt(.access, path) { () throws(Errno) in
        let descriptor = try System.open(path, [.readOnly, .nonBlocking, .noTerminal])
        defer { try? System.close(descriptor) }
        return try System.room(descriptor)
      }
    } catch {
      throw .io(error)
    }
  }

  /// One copy at a time is there.
  private static func check(_ room: Room, _ inputs: Inputs) throws(CompareError) {
    let needed = UInt64(inputs.room + inputs.room / 32 + margin)
    if room.freeBytes < needed {
      throw .message(
        "a copy takes \(Units.size(needed)), and there are \(Units.size(room.freeBytes)) free",
        hint: "make room, or name a target on another file system")
    }
    if room.freeFiles < UInt64(inputs.entries + 8) {
      throw .message(
        "a copy takes \(inputs.entries) files, and \(room.freeFiles) more can be made",
        hint: "name a target on another file system")
    }
  }

  /// Sources are there all at once, and a few files beside them.
  private static func check(_ room: Room, files: Int) throws(CompareError) {
    if room.freeFiles < UInt64(files + 8) {
      throw .message(
        "\(files) sources are as many files, and \(room.freeFiles) more can be made",
        hint: "name a directory on another file system")
    }
  }

  /// Brings the inputs into the state that a run begins with, and notes in which they are.
  ///
  /// - Throws: ``CompareError``.
  func prepare(
    _ setting: Comparison.Setting, _ run: inout Comparison.Run
  ) throws(CompareError) {
    guard let state = setting.state else { return }
    do throws(IOFailure) {
      if state == CompareOptions.State.cold.rawValue {
        try inputs.evict()
      } else {
        try inputs.warm()
      }
    } catch {
      throw error.isInterruption ? .interrupted : .io(error)
    }
    run.inputPages = inputs.pages
    run.residentPagesBefore = inputs.residentPages()
  }

  /// What makes the runs.
  ///
  /// - Parameters:
  ///   - options: What is to be compared.
  ///   - trace: Where a run writes a trace of its operations, if it does.
  /// - Returns: It, for this command.
  /// - Throws: ``CompareError``.
  func trial(
    _ options: CompareOptions, tracedInto trace: FilePath? = nil
  ) throws(CompareError) -> any Trial {
    let bench = Bench(place: place, options: options, trace: trace)
    switch options.command {
    case .copy:
      return CopyTrial(
        bench: bench, sources: Array(options.operands.dropLast()),
        intoDirectory: Self.intoDirectory(options))
    case .cat where options.overlaps: return OverlapTrial(bench: bench)
    case .tail where options.follows: return FollowTrial(bench: bench, memory: memory)
    case .fanin where !options.readsFiles: return FaninTrial(bench: bench, memory: memory)
    case .cat, .tail, .fanin:
      return StreamTrial(bench: bench, files: options.operands, memory: memory)
    }
  }

  /// Removes the directory and all that is in it.
  ///
  /// - Throws: ``CompareError``.
  func close() throws(CompareError) {
    memory.deallocate()
    do throws(IOFailure) { try place.remove() } catch { throw .io(error) }
  }
}

extension Comparison.Machine {
  /// The machine that this is, file systems aside.
  static var here: Comparison.Machine {
    Comparison.Machine(
      kernel: System.kernelRelease, processors: System.processors,
      memoryBytes: System.physicalMemory)
  }
}
