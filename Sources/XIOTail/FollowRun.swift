internal import SystemPackage
internal import XIOEngines
internal import XIOFollow
internal import XIOReport
internal import XIOSystem

/// `tail -f` from its operands to its end.
struct FollowRun {
  let inputs: [FilePath]
  let options: TailOptions
  let quote: (FilePath) -> String
  let onNotice: (Tail.Notice) -> Void

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
        reopensFIFOs: options.fifoEnd == .reopen))
    let state = FollowState()
    report(watcher, state)
    let first = add(watcher, state)
    guard watcher.isAlive else {
      return end(selection, watcher, state, measurement, noneRemain: true)
    }
    let output = try standardOutput()
    let wake = try makeWake()
    let session = session(selection)
    let settings = FollowSettings(
      streamSize: streamSize, output: output, countsLines: measurement != nil,
      interval: options.interval ?? 1_000_000_000, latency: latency, wake: wake,
      onReport: { _ in }, onFailure: { fail($0, state) }, onProgress: { _ in })
    var job = FollowJob(watcher, options, settings, printer(watcher), first: first)
    do throws(SessionError<Never>) {
      let done = try Registry.drive(&job, session, onLatency: measurement?.observer)
      state.done = done
    } catch {
      switch error {
      case .unavailable(let problem): throw .engine(problem)
      }
    }
    if let failure = state.done.failure { fail(failure, state) }
    if state.done.readerLeft { onNotice(.readerLeft) }
    return end(
      selection, watcher, state, measurement, noneRemain: state.done.noFilesRemain)
  }

  private func end(
    _ selection: EngineSelection, _ watcher: Watcher, _ state: FollowState,
    _ measurement: Measurement?, noneRemain: Bool
  ) -> Tail.Output {
    if noneRemain, options.follow == .descriptor || !options.retries {
      onNotice(.message("no files remaining"))
      state.failed = true
    }
    return Tail.Output(
      selection: selection, report: nil, succeeded: !state.failed,
      hasLosses: watcher.sources.contains { $0.counts.hasLosses })
  }

  private func fail(_ failure: IOFailure, _ state: FollowState) {
    state.failed = true
    onNotice(.failure(failure))
  }

  /// Has everything told that happens to names and files.
  private func report(_ watcher: Watcher, _ state: FollowState) {
    let names = FollowMessages(quote: quote, retries: options.retries)
    watcher.onChange = { source, change in
      if case .inaccessible = change { state.failed = true }
      onNotice(.message(names.text(source.path, change)))
    }
    watcher.onRestart = { generation, lost in
      let name = names.name(generation.source.path)
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
      notification: options.transfer.notification)
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
      title: FollowMessages.title)
  }

  private func standardOutput() throws(TailError) -> Endpoint {
    do throws(IOFailure) {
      let status = try System.attempt(.write, nil) { () throws(Errno) in
        try System.status(.standardOutput)
      }
      return Endpoint(descriptor: .standardOutput, kind: status.kind, position: .stream)
    } catch {
      throw .io(error)
    }
  }

  private func makeWake() throws(TailError) -> FileDescriptor {
    do throws(Errno) {
      let pipe = try System.pipe()
      var processes: [FileDescriptor] = []
      for number in options.processes {
        // One that has ended already needs no waiting for.
        if let process = try? System.openProcess(number) { processes.append(process) }
      }
      if !options.processes.isEmpty, processes.isEmpty {
        var message = Wake.processesGone.rawValue
        _ = try withUnsafeBytes(of: &message) { bytes in
          Result { () throws(Errno) in try System.write(pipe.writeEnd, from: bytes, at: nil) }
        }.get()
      }
      try Wake.arm(
        pipe.writeEnd, output: .standardOutput, processes: processes, reports: true)
      return pipe.readEnd
    } catch {
      throw .io(IOFailure(.prepare, nil, error))
    }
  }

  /// Opens all operands, and finds where each begins.
  private func add(_ watcher: Watcher, _ state: FollowState) -> [FirstPart] {
    var parts: [FirstPart] = []
    for path in inputs {
      let (source, failure) = watcher.add(path)
      if let failure {
        fail(IOFailure(.openForReading, path, failure), state)
        if !options.retries { watcher.giveUp(source) }
        continue
      }
      guard let generation = source.current ?? source.shared else { continue }
      if generation.kind == .directory {
        fail(IOFailure(.read, path, .isDirectory), state)
        onNotice(
          .message(
            "\(FollowMessages.plain(path)): cannot follow end of this type of file"
              + (options.retries ? "" : "; giving up on this name")))
        watcher.refuse(source)
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
}

extension EngineName {
  /// Whether reads wait inside a call, of this thread or another, so that descriptors must block.
  fileprivate var waitsInside: Bool {
    switch self {
    case .blocking, .posixAIO, .uring: true
    case .nonblocking, .select, .poll, .epoll, .sigio, .libaio, .kernel: false
    }
  }
}
