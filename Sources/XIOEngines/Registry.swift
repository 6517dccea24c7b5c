internal import SystemPackage
internal import XIOSystem

/// Every engine there is.
public enum Registry {
  /// The engines, in the order in which the text behind them introduces the I/O models.
  public static var all: [any (EngineDescription & ~Copyable).Type] {
    EngineName.allCases.map(description)
  }

  /// The description of an engine.
  public static func description(
    of name: EngineName
  ) -> any (EngineDescription & ~Copyable).Type {
    switch name {
    case .blocking: BlockingEngine.self
    case .nonblocking: NonBlockingEngine.self
    case .select: SelectEngine.self
    case .poll: PollEngine.self
    case .epoll: EpollEngine.self
    case .sigio: SigioEngine.self
    case .posixAIO: PosixAIOEngine.self
    case .libaio: LibAIOEngine.self
    case .uring: UringEngine.self
    case .kernel: KernelEngine.self
    }
  }

  /// Makes a session of the engine that the configuration names and lets a job use it.
  ///
  /// The engine is made before the job begins, so one that cannot run leaves nothing behind.
  ///
  /// - Parameters:
  ///   - job: The work.
  ///   - configuration: The engine and its sizes.
  ///   - onLatency: Told of the duration of every operation; nil measures nothing.
  ///   - onProgress: Told of bytes that have arrived.
  /// - Returns: What the job returned.
  /// - Throws: ``SessionError``.
  public static func run<Job: TransferJob & ~Copyable>(
    _ job: inout Job, _ configuration: SessionConfiguration, onLatency: LatencyObserver? = nil,
    onProgress: ProgressObserver? = nil
  ) throws(SessionError<Job.Failure>) -> Job.Output {
    let observers = TransferObservers(
      onLatency: onLatency, onProgress: onProgress, track: configuration.track)
    return switch configuration.engine {
    case .blocking: try run(&job, BlockingEngine.self, configuration, observers)
    case .nonblocking: try run(&job, NonBlockingEngine.self, configuration, observers)
    case .select: try run(&job, SelectEngine.self, configuration, observers)
    case .poll: try run(&job, PollEngine.self, configuration, observers)
    case .epoll: try run(&job, EpollEngine.self, configuration, observers)
    case .sigio: try run(&job, SigioEngine.self, configuration, observers)
    case .posixAIO: try run(&job, PosixAIOEngine.self, configuration, observers)
    case .libaio: try run(&job, LibAIOEngine.self, configuration, observers)
    case .uring: try run(&job, UringEngine.self, configuration, observers)
    case .kernel where configuration.fallsBack: try fallBack(&job, configuration, observers)
    case .kernel: try use(KernelSession(observers), &job)
    }
  }

  private static func run<Engine: IOEngine & ~Copyable, Job: TransferJob & ~Copyable>(
    _ job: inout Job, _ engine: Engine.Type, _ configuration: SessionConfiguration,
    _ observers: TransferObservers
  ) throws(SessionError<Job.Failure>) -> Job.Output {
    let session: EngineSession<Engine>
    do throws(Errno) {
      session = try EngineSession<Engine>(configuration, observers)
    } catch {
      throw .unavailable(explain(engine.name, error))
    }
    return try use(session, &job)
  }

  private static func fallBack<Job: TransferJob & ~Copyable>(
    _ job: inout Job, _ configuration: SessionConfiguration, _ observers: TransferObservers
  ) throws(SessionError<Job.Failure>) -> Job.Output {
    let session: AutomaticSession
    do throws(Errno) { session = try AutomaticSession(configuration, observers) } catch {
      throw .unavailable(explain(.blocking, error))
    }
    return try use(session, &job)
  }

  private static func use<Session: TransferSession & ~Copyable, Job: TransferJob & ~Copyable>(
    _ session: consuming Session, _ job: inout Job
  ) throws(SessionError<Job.Failure>) -> Job.Output {
    let result = Result { () throws(Job.Failure) in try job.run(&session) }
    // What the engine held is given back whatever became of the job; data is not at stake here.
    try? session.close()
    switch result {
    case .success(let output): return output
    case .failure(let failure): throw .job(failure)
    }
  }

  /// Makes the engine that the configuration names, for a job that waits for many descriptors at once.
  ///
  /// - Parameters:
  ///   - job: The work.
  ///   - configuration: The engine and its sizes; a request each can be in flight for every buffer.
  ///   - onLatency: Told of the duration of every operation; nil measures nothing.
  /// - Returns: What the job returned.
  /// - Throws: ``SessionError``.
  public static func drive<Job: DriverJob & ~Copyable>(
    _ job: inout Job, _ configuration: SessionConfiguration, onLatency: LatencyObserver? = nil
  ) throws(SessionError<Job.Failure>) -> Job.Output {
    switch configuration.engine {
    case .blocking where configuration.blocksInCall:
      try drive(&job, BlockingEngine.self, configuration, onLatency)
    case .blocking: try drive(&job, ThreadedBlockingEngine.self, configuration, onLatency)
    case .nonblocking: try drive(&job, NonBlockingEngine.self, configuration, onLatency)
    case .select: try drive(&job, SelectEngine.self, configuration, onLatency)
    case .poll: try drive(&job, PollEngine.self, configuration, onLatency)
    case .epoll: try drive(&job, EpollEngine.self, configuration, onLatency)
    case .sigio: try drive(&job, SigioEngine.self, configuration, onLatency)
    case .posixAIO: try drive(&job, PosixAIOEngine.self, configuration, onLatency)
    case .libaio: try drive(&job, LibAIOEngine.self, configuration, onLatency)
    case .uring: try drive(&job, UringEngine.self, configuration, onLatency)
    case .kernel:
      throw .unavailable(
        EngineUnavailable(
          engine: .kernel, errno: nil, cause: "it has nothing to wait for several files with",
          mend: "use --engine auto"))
    }
  }

  private static func drive<Engine: IOEngine & ~Copyable, Job: DriverJob & ~Copyable>(
    _ job: inout Job, _ engine: Engine.Type, _ configuration: SessionConfiguration,
    _ onLatency: LatencyObserver?
  ) throws(SessionError<Job.Failure>) -> Job.Output {
    let pool: BufferPool
    var driver: Driver<Engine>
    let observers = TransferObservers(onLatency: onLatency, track: configuration.track)
    do throws(Errno) {
      pool = try BufferPool(count: configuration.queueDepth, bufferSize: configuration.blockSize)
      driver = Driver(
        try Engine(
          EngineConfiguration(
            queueDepth: configuration.queueDepth, notification: configuration.notification,
            measures: observers.measures, pollInterval: configuration.pollInterval), pool: pool),
        slots: configuration.queueDepth, observers)
    } catch {
      throw .unavailable(explain(engine.name, error))
    }
    let result = Result { () throws(Job.Failure) in try job.run(&driver, pool) }
    // What the engine held is given back whatever became of the job; data is not at stake here.
    try? driver.close()
    switch result {
    case .success(let output): return output
    case .failure(let failure): throw .job(failure)
    }
  }

  /// Says why an engine could not be made.
  static func explain(_ name: EngineName, _ errno: Errno) -> EngineUnavailable {
    switch name {
    case .uring: UringEngine.unavailable(errno)
    case .libaio: LibAIOEngine.unavailable(errno)
    default:
      EngineUnavailable(
        engine: name, errno: errno, cause: "it cannot be set up",
        mend: errno == .noMemory
          ? "use a smaller --block-size or --queue-depth" : "use --engine auto")
    }
  }
}

/// Why a session did not do its job.
public enum SessionError<Failure: Error>: Error {
  /// The engine cannot run.
  case unavailable(EngineUnavailable)
  /// The job failed.
  case job(Failure)
}
