internal import SystemPackage
internal import XIOEngines
internal import XIOFollow
internal import XIOReport
internal import XIOSystem

/// `tail -f` from its operands to its end.
struct FollowRun {
  let inputs: [FilePath]
  let options: TailOptions
  let names: ShownNames
  let onNotice: (Tail.Notice) -> Void
  let onReport: (Report) -> Void

  /// The largest buffer of a FIFO in bytes, and what all of them may take.
  private static let streamSize = 64 << 10
  private static let streamMemory = 64 << 20

  func run(_ measurement: Measurement?) throws(TailError) -> Tail.Output {
    let selection = EngineSelection.resolve(
      options.transfer.engine,
      candidates: [(.epoll, "one call waits for all files, and one thread serves them")])
    let watcher = Watcher(
      WatchOptions(
        byName: options.follow == .name, retries: options.retries,
        interval: options.interval ?? 1_000_000_000, blocks: selection.engine.waitsInside,
        eventsBlock: selection.engine.waitsInside && selection.engine != .uring,
        reopensFIFOs: options.fifoEnd == .reopen, watches: options.watches,
        readsRenamedAnew: options.readsRenamedAnew))
    let state = FollowState()
    tell(watcher, state)
    let checkpoint = options.checkpoint.map {
      Checkpoint($0, delimiter: options.start.unit == .lines ? options.delimiter : nil)
    }
    watcher.onEnd = { checkpoint?.didEnd($0) }
    var first = add(watcher, state, try positions(checkpoint), checkpoint)
    var printer = printer(watcher)
    if let end = checkpoint?.settle() {
      // The output goes on as if nothing had happened: without headers for what is not new in it.
      if end.isSeamless { first.removeAll { $0.isResumed } }
      printer.begin(behind: end)
    }
    if options.debugs { onNotice(.message("using \(mode(watcher)) mode")) }
    let session = session(selection)
    // The report and the checkpoint are to be written whatever ends the follow.
    if measurement != nil || checkpoint != nil { Termination.catchSignals() }
    if watcher.isAlive {
      let settings = try settings(watcher, state, checkpoint, selection, session, measurement)
      checkpoint?.save(watcher, mustBeNow: false)
      var job = FollowJob(watcher, options, settings, printer, first: first)
      do throws(SessionError<Never>) {
        state.done = try Registry.drive(&job, session, onLatency: measurement?.observer)
      } catch {
        switch error {
        case .unavailable(let problem): throw .engine(problem)
        }
      }
    } else {
      state.done.noFilesRemain = true
    }
    if let failure = state.done.failure { fail(failure, state) }
    if state.done.readerLeft { onNotice(.readerLeft) }
    if state.done.noFilesRemain { endWithoutFiles(state) }
    tellOfLosses(watcher, state)
    return Tail.Output(
      selection: selection,
      report: measurement?.report(facts(watcher, state, selection, session, state.done)),
      succeeded: !state.failed, hasLosses: watcher.sources.contains { $0.counts.hasLosses })
  }

  private var waitsForChange: Bool { options.retries && options.follow == .name }

  private var messages: FollowMessages {
    FollowMessages(names: names, waitsForChange: waitsForChange)
  }

  /// How files are followed, in GNU's words.
  private func mode(_ watcher: Watcher) -> String {
    let kinds = watcher.sources.compactMap { ($0.current ?? $0.shared)?.kind }
    if watcher.inotify != nil, kinds.allSatisfy({ $0 == .regular }) { return "notification" }
    let waitsForOne = inputs.count == 1 && kinds.first.map { $0 != .regular } ?? false
    return waitsForOne && options.follow == .descriptor && options.processes.isEmpty
      ? "blocking" : "polling"
  }

  private func endWithoutFiles(_ state: FollowState) {
    onNotice(.message("no files remaining"))
    state.failed = true
  }

  private func settings(
    _ watcher: Watcher, _ state: FollowState, _ checkpoint: Checkpoint?,
    _ selection: EngineSelection, _ session: SessionConfiguration, _ measurement: Measurement?
  ) throws(TailError) -> FollowSettings {
    FollowSettings(
      streamSize: streamSize, output: try standardOutput(), countsLines: measurement != nil,
      interval: options.interval ?? 1_000_000_000, latency: latency,
      wake: try makeWake(measurement),
      onReport: { done in
        if let measurement {
          onReport(measurement.report(facts(watcher, state, selection, session, done)))
        }
      },
      willWrite: { checkpoint?.willWrite($0, $1, of: $2) },
      didWrite: { checkpoint?.didWrite() },
      onFailure: { fail($0, state) },
      onProgress: { isLast in
        tellOfLosses(watcher, state)
        guard let checkpoint else { return }
        checkpoint.save(watcher, mustBeNow: isLast)
        tellOf(checkpoint, state)
      })
  }

  private func facts(
    _ watcher: Watcher, _ state: FollowState, _ selection: EngineSelection,
    _ session: SessionConfiguration, _ done: FollowJob.Output
  ) -> Measurement.Facts {
    var moved = TransferResult()
    moved.bytesWritten = watcher.sources.reduce(0) { $0 + $1.counts.bytes }
    return Measurement.Facts(
      command: "tail", sources: inputs, target: Tail.standardStream, selection: selection,
      session: session, queueDepth: session.queueDepth, files: [], result: moved,
      metrics: done.metrics, counters: done.counters, succeeded: !state.failed,
      follow: Report.Follow(
        wakeUps: done.wakeUps, eventOverflows: watcher.overflows,
        sources: watcher.sources.map(Report.FollowedSource.init)))
  }

  /// Reads the checkpoint, before anything is opened or printed.
  private func positions(
    _ checkpoint: Checkpoint?
  ) throws(TailError) -> [[UInt8]: [FilePosition]] {
    guard let checkpoint else { return [:] }
    do throws(Errno) {
      return try checkpoint.load() ?? [:]
    } catch {
      throw .io(
        IOFailure(
          .prepare, options.checkpoint, error == .invalidArgument ? nil : error,
          reason: error == .invalidArgument ? "not a checkpoint of this program" : nil,
          hint: "name another file, or remove this one to begin anew"))
    }
  }

  private func tellOf(_ checkpoint: Checkpoint, _ state: FollowState) {
    guard checkpoint.failure != state.checkpointFailure else { return }
    state.checkpointFailure = checkpoint.failure
    if let failure = checkpoint.failure {
      fail(IOFailure(.write, options.checkpoint, failure), state)
    }
  }

  /// Says how many files were missed since it was last said.
  private func tellOfLosses(_ watcher: Watcher, _ state: FollowState) {
    guard watcher.generationsLost > state.lossesTold else { return }
    state.lossesTold = watcher.generationsLost
    for source in watcher.sources where source.counts.generationsLost > 0 {
      let lost = source.counts.generationsLost
      let told = state.toldLosses.updateValue(lost, forKey: source.index) ?? 0
      guard lost > told else { continue }
      let count = lost - told
      onNotice(
        .message(
          "\(names.subject(source.path)): \(count) \(count == 1 ? "file was" : "files were")"
            + " gone before \(count == 1 ? "it" : "they") could be read"))
    }
  }

  private func fail(_ failure: IOFailure, _ state: FollowState) {
    state.failed = true
    onNotice(.failure(failure))
  }

  /// Has everything told that happens to names and files.
  private func tell(_ watcher: Watcher, _ state: FollowState) {
    let messages = messages
    watcher.onChange = { source, change in
      onNotice(.message(messages.text(source.path, change)))
    }
    watcher.onRestart = { generation, lost in
      let name = names.subject(generation.source.path)
      onNotice(.message("\(name): file truncated" + (lost > 0 ? "; \(lost) bytes were lost" : "")))
    }
    watcher.onLimit = { message, hint in
      onNotice(.message(message))
      onNotice(.hint(hint))
    }
  }

  private var latency: Nanoseconds {
    options.latency ?? (System.isTerminal(.standardOutput) ? 0 : 1_000_000)
  }

  private var streamSize: Int {
    max(4096, min(Self.streamSize, Self.streamMemory / max(1, inputs.count) & ~4095))
  }

  private func session(_ selection: EngineSelection) -> SessionConfiguration {
    let block = options.transfer.blockSize ?? TransferOptions.defaultBlockSize
    return SessionConfiguration(
      engine: selection.engine, blockSize: max(block, 64 << 10) + FollowSettings.headerRoom,
      queueDepth: FollowJob.Slot.firstStream + min(inputs.count, 4096),
      notification: options.transfer.notification, pollInterval: options.interval,
      timeline: options.transfer.timeline)
  }

  private func printer(_ watcher: Watcher) -> FollowPrinter {
    let shows =
      switch options.headers {
      case .always: true
      case .never: false
      case .whenSeveral: inputs.count > 1
      }
    return FollowPrinter(
      showsHeaders: shows, delimiter: options.delimiter, endsLines: options.start.unit == .lines,
      title: names.title)
  }

  private func standardOutput() throws(TailError) -> Endpoint {
    do throws(IOFailure) {
      let kind = try System.attempt(.prepare, nil) { () throws(Errno) in
        guard try System.statusFlags(.standardOutput).canWrite else { throw .badFileDescriptor }
        return try System.status(.standardOutput).kind
      }
      return Endpoint(descriptor: .standardOutput, kind: kind, position: .stream)
    } catch {
      throw .io(IOFailure(.prepare, nil, error.errno, reason: "standard output"))
    }
  }

  private func makeWake(_ measurement: Measurement?) throws(TailError) -> FileDescriptor {
    do throws(Errno) {
      return try WakePipe.make(processes: options.processes, reports: measurement != nil)
    } catch {
      throw .io(IOFailure(.prepare, nil, error))
    }
  }

  /// Opens all operands, and finds where each begins.
  private func add(
    _ watcher: Watcher, _ state: FollowState, _ positions: [[UInt8]: [FilePosition]],
    _ checkpoint: Checkpoint?
  ) -> [FirstPart] {
    var parts: [FirstPart] = []
    for path in inputs {
      let (source, failure) = watcher.add(path)
      if let failure {
        if source.isStandardInput, System.isHeld(.standardInput) {
          onNotice(.message("cannot fstat \(names.quote("standard input")): \(failure)"))
          state.failed = true
        } else {
          let action: IOFailure.Action = source.isStandardInput ? .read : .openForReading
          fail(IOFailure(action, TailInput.name(of: path), failure), state)
        }
        if let checkpoint, let former = positions[source.pathBytes], options.retries {
          watcher.resume(source, at: former, checkpoint)
        } else if !options.retries {
          watcher.giveUp(source)
        }
        continue
      }
      guard let generation = source.current ?? source.shared else { continue }
      if generation.kind == .directory || generation.kind == .anonymous {
        // Whatever else cannot be read, such as an epoll instance, says so with this error.
        let errno: Errno = generation.kind == .directory ? .isDirectory : .invalidArgument
        fail(IOFailure(.read, TailInput.name(of: path), errno), state)
        onNotice(
          .message(
            "\(names.subject(path)): cannot follow end of this type of file"
              + (waitsForChange ? "" : "; giving up on this name")))
        watcher.refuse(source)
        // It has a header all the same.
        parts.append(FirstPart(source: source, generation: nil, range: 0..<0, isShared: false))
        continue
      }
      if let checkpoint, let former = positions[source.pathBytes] {
        watcher.resume(source, at: former, checkpoint)
        parts.append(
          FirstPart(
            source: source, generation: nil, range: 0..<0, isShared: false, isResumed: true))
        continue
      }
      parts.append(part(source, generation, state))
    }
    return parts
  }

  private func part(
    _ source: Source, _ generation: Generation, _ state: FollowState
  ) -> FirstPart {
    var part = FirstPart(
      source: source, generation: generation, range: 0..<0, isShared: source.shared != nil)
    guard generation.kind.isPositional, let descriptor = generation.descriptor else { return part }
    do throws(Errno) {
      let end = try System.nameStatus(descriptor).size
      let lowest = source.isStandardInput ? min(end, try System.position(descriptor)) : 0
      let start = try BackwardScan.start(
        of: descriptor, from: lowest, end: end, options.start, delimiter: options.delimiter)
      part.range = min(start, end)..<end
      if !part.isShared { generation.begin(at: start) }
      part.epoch = generation.epoch
    } catch {
      fail(IOFailure(.read, source.path, error), state)
    }
    return part
  }
}

/// What changes while a follow goes on.
final class FollowState {
  var failed = false
  var done = FollowJob.Output()
  /// How many files of each source were said to be lost.
  var toldLosses: [Int: Int] = [:]
  var lossesTold = 0
  var checkpointFailure: Errno?
}

extension Report.FollowedSource {
  fileprivate init(_ source: Source) {
    let counts = source.counts
    self.init(
      file: FileName(source.path), bytes: counts.bytes, lines: counts.lines,
      generations: counts.generations, truncations: counts.truncations,
      lagBytes: source.generations.reduce(0) { $0 + $1.lag }, maximumLagBytes: counts.maximumLag,
      lost: Report.Losses(
        truncatedBytes: counts.bytesLostByTruncation, rewrittenBytes: counts.bytesLostByRewriting,
        files: counts.generationsLost),
      holeBytes: counts.holeBytes, addedNewlines: counts.addedNewlines,
      repeatedBytes: counts.repeatedBytes)
  }
}
