import Glibc
import Synchronization
public import SystemPackage
public import Testing

/// Reads a pipe to its end beside the test, with a pause after each read.
public final class SlowReader: Sendable {
  private struct State {
    var collected: [UInt8] = []
    var hasEnded = false
  }

  private let reader: FileDescriptor
  private let pause: Duration
  private let state = Mutex(State())

  /// Begins to read.
  ///
  /// - Parameters:
  ///   - reader: the end of the pipe, which becomes its own.
  ///   - pause: how long it waits after each read of 8 KiB at most.
  public init(_ reader: FileDescriptor, pause: Duration = .milliseconds(3)) {
    self.reader = reader
    self.pause = pause
    var thread = pthread_t()
    let box = Unmanaged.passRetained(self)
    let code = pthread_create(&thread, nil, collect, box.toOpaque())
    guard code == 0 else {
      box.release()
      state.withLock { $0.hasEnded = true }
      return
    }
    pthread_detach(thread)
  }

  deinit { try? reader.close() }

  /// How many bytes have come.
  public var count: Int { state.withLock { $0.collected.count } }

  /// Waits for the end, which comes when nobody has the other end of the pipe any more.
  ///
  /// - Parameter sourceLocation: where an issue is recorded when it does not come.
  /// - Returns: all that was read.
  public func finish(sourceLocation: SourceLocation = #_sourceLocation) -> [UInt8] {
    do {
      try eventually("the pipe has ended") { state.withLock { $0.hasEnded } }
    } catch {
      Issue.record(error, sourceLocation: sourceLocation)
    }
    return state.withLock { $0.collected }
  }

  fileprivate func serve() {
    var block = [UInt8](repeating: 0, count: 8192)
    while case let count = read(reader.rawValue, &block, block.count), count > 0 {
      state.withLock { $0.collected += block[..<count] }
      if pause > .zero { letPass(pause) }
    }
    state.withLock { $0.hasEnded = true }
  }
}

private func collect(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument else { return nil }
  Unmanaged<SlowReader>.fromOpaque(argument).takeRetainedValue().serve()
  return nil
}
