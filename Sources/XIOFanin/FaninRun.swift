internal import SystemPackage
internal import XIOEngines
internal import XIOFollow
internal import XIOReport
internal import XIOSystem

/// `fanin` from its operands to its end.
struct FaninRun {
  let operands: [[UInt8]]
  let options: FaninOptions
  let onNotice: (Fanin.Notice) -> Void
  let onReport: (Report) -> Void

  /// What changes while it runs.
  private final class State {
    var failed = false
    var done = FaninJob.Output()
    var lossesTold = 0
    var checkpointFailure: Errno?
  }

  /// So many helper threads the C library has at most.
  static let helperThreads = 20

  func run(_ measurement: Measurement?) throws(FaninError) -> Fanin.Output {
    var selection = EngineSelection.resolve(
      options.transfer.engine,
      candidates: [(.epoll, "one call waits for all sources, and one thread serves them")])
    let state = State()
    let factory = try makeFactory()
    let opener = SourceOpener(
      options, factory, blocks: selection.engine.waitsInside, onNotice: { tell($0, state) })
    let list = try sources()
    // From here on there may be files of sockets to remove.
    Termination.catchSignals()
    let opened = try opener.open(list)
    defer { opened.close() }
    let streams = opened.streamCount
    var blocks = selection.engine.waitsInside
    if selection.engine == .posixAIO, streams > Self.helperThreads {
      // Whoever waits for a helper thread might wait for ever, as those that have one wait for data.
      blocks = false
      selection.reasons.append(
        "\(streams) sources are more than the \(Self.helperThreads) threads of posix-aio: "
          + "poll waits for them, and threads read what is there")
      onNotice(.message(selection.reasons.last ?? ""))
    }
    try opened.setBlocking(blocks)
    try checkNumbers(opened, selection.engine)
    let layout = BufferLayout(
      feeds: opened.slotCount(options),
      mayShare: selection.engine != .posixAIO && !blocks && options.linesLieAlone,
      asked: options.transfer.blockSize)
    opened.enlargePipes(to: layout.bufferSize)
    let session = SessionConfiguration(
      engine: selection.engine, blockSize: layout.bufferSize, queueDepth: layout.slotCount,
      notification: options.transfer.notification, timeline: options.transfer.timeline)
    let settings = try settings(
      opened, factory, state, selection, session, measurement, blocks: blocks)
    var job = FaninJob(options, settings, layout, factory, opened)
    do throws(SessionError<Never>) {
      state.done = try Registry.drive(&job, session, onLatency: measurement?.observer)
    } catch {
      switch error {
      case .unavailable(let problem): throw .engine(problem)
      }
    }
    if let failure = state.done.failure { tell(.io(failure), state) }
    tellOfLosses(factory)
    return Fanin.Output(
      selection: selection,
      report: measurement?.report(facts(opened, factory, state, selection, session, state.done)),
      succeeded: !state.failed, hasLosses: factory.hasLosses, readerLeft: state.done.readerLeft)
  }

  private func makeFactory() throws(FaninError) -> FeedFactory {
    do throws(LabelProblem) {
      return try FeedFactory(options)
    } catch {
      throw .usage(error.message)
    }
  }

  private func sources() throws(FaninError) -> [(name: [UInt8], source: SourceSpecification)] {
    do throws(SourceListError) {
      return try SourceList.expand(operands)
    } catch {
      switch error {
      case .io(let failure): throw .io(failure)
      case .problem(let problem): throw .usage("'\(problem.name)' \(problem.message)")
      }
    }
  }

  /// Refuses what select cannot wait for, before anything is done.
  private func checkNumbers(
    _ opened: OpenedSources, _ engine: EngineName
  ) throws(FaninError) {
    guard engine == .select else { return }
    let most = Int32(opened.connectionLimit(options)) + 16
    let highest = opened.highestDescriptor
    guard highest >= System.selectLimit || opened.streamCount > Int(System.selectLimit - most)
    else { return }
    throw .io(
      IOFailure(
        .prepare, nil, nil,
        reason: "select cannot wait for descriptors beyond FD_SETSIZE (\(System.selectLimit)), "
          + "and \(opened.streamCount) sources take more",
        hint: "use --engine poll or --engine epoll"))
  }

  private func settings(
    _ opened: OpenedSources, _ factory: FeedFactory, _ state: State,
    _ selection: EngineSelection, _ session: SessionConfiguration, _ measurement: Measurement?,
    blocks: Bool
  ) throws(FaninError) -> FaninSettings {
    let checkpoint = opened.checkpoint
    let kind: FileKind, wake: FileDescriptor
    do throws(Errno) {
      kind = try System.status(.standardOutput).kind
      wake = try WakePipe.make(processes: options.processes, reports: true)
    } catch {
      throw .io(IOFailure(.prepare, nil, error))
    }
    // A larger pipe lets its reader be late without anybody waiting for it.
    if kind == .pipe { try? System.setPipeSize(.standardOutput, to: 1 << 20) }
    return FaninSettings(
      output: Endpoint(descriptor: .standardOutput, kind: kind, position: .stream),
      beginsInLine: checkpoint?.settle().isInLine ?? false, wake: wake,
      latency: options.latency ?? (System.isTerminal(.standardOutput) ? 0 : 1_000_000),
      blocks: blocks,
      highestDescriptor: selection.engine == .select ? System.selectLimit - 1 : .max,
      onNotice: { tell($0, state) },
      onStats: { onNotice(.account(account(opened, factory, 0))) },
      onReport: { done in
        if let measurement {
          onReport(
            measurement.report(facts(opened, factory, state, selection, session, done)))
        } else {
          onNotice(.account(account(opened, factory, done.wakeUps)))
        }
      },
      willWrite: { checkpoint?.willWrite($0, $1, of: $2) },
      didWrite: { checkpoint?.didWrite() },
      onProgress: { isLast in
        guard let checkpoint, let watcher = opened.watcher else { return }
        checkpoint.save(watcher, mustBeNow: isLast)
        guard checkpoint.failure != state.checkpointFailure else { return }
        state.checkpointFailure = checkpoint.failure
        if let failure = checkpoint.failure {
          tell(.io(IOFailure(.write, options.checkpoint, failure)), state)
        }
      })
  }

  private func account(
    _ opened: OpenedSources, _ factory: FeedFactory, _ wakeUps: Int
  ) -> Report.Fanin {
    Report.Fanin(
      wakeUps: wakeUps, eventOverflows: opened.watcher?.overflows ?? 0, sources: factory.account)
  }

  private func facts(
    _ opened: OpenedSources, _ factory: FeedFactory, _ state: State,
    _ selection: EngineSelection, _ session: SessionConfiguration, _ done: FaninJob.Output
  ) -> Measurement.Facts {
    let account = account(opened, factory, done.wakeUps)
    var moved = TransferResult()
    moved.bytesWritten = account.sources.reduce(0) { $0 + $1.bytes }
    return Measurement.Facts(
      command: "fanin", sources: operands.map(SourceSpecification.path), target: "-",
      selection: selection, session: session, queueDepth: session.queueDepth, files: [],
      result: moved, metrics: done.metrics, counters: done.counters, succeeded: !state.failed,
      fanin: account)
  }

  private func tell(_ notice: FaninNotice, _ state: State) {
    func name(_ title: FeedTitle) -> FilePath { SourceSpecification.path(title.path) }
    switch notice {
    case .failure(let action, let title, let errno):
      state.failed = true
      onNotice(.failure(IOFailure(action, name(title), errno)))
    case .io(let failure):
      state.failed = true
      onNotice(.failure(failure))
    case .message(let text): onNotice(.message(text))
    case .about(let title, let text): onNotice(.about(name(title), text))
    case .failed(let title, let text):
      state.failed = true
      onNotice(.about(name(title), text))
    }
  }

  /// Says at the end what did not go out, a line for each source.
  private func tellOfLosses(_ factory: FeedFactory) {
    for source in factory.account {
      let text = source.lossText
      guard !text.isEmpty else { continue }
      onNotice(.about(SourceSpecification.path(source.source.rawBytes), text))
    }
  }
}
