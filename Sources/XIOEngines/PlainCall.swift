internal import SystemPackage
internal import XIOSystem

/// The plain system call of an operation, which every engine but the asynchronous ones makes in the end.
enum PlainCall {
  /// Makes the call.
  ///
  /// - Parameters:
  ///   - operation: The operation.
  ///   - pool: Where its buffer is.
  ///   - extra: Flags beyond those of the operation.
  /// - Returns: The number of bytes, or the error number.
  @inline(__always)
  static func perform(
    _ operation: Operation, _ pool: BufferPool, extra: TransferFlags = []
  ) -> Result<Int, Errno> {
    do throws(Errno) {
      switch operation.verb {
      case .read(let offset):
        let memory = pool.bytes(operation.slot, operation.range)
        return .success(
          try System.read(
            operation.descriptor, into: memory, at: offset, flags: operation.flags.union(extra)))
      case .write(let offset):
        let memory = pool.bytes(operation.slot, operation.range)
        return .success(
          try System.write(
            operation.descriptor, from: UnsafeRawBufferPointer(memory), at: offset,
            flags: operation.flags.union(extra)))
      case .waitReadable, .waitWritable:
        _ = try System.waitUntilReady(
          operation.descriptor, forWriting: operation.verb.isForWriting, timeout: nil)
        return .success(0)
      case .fsync(let dataOnly):
        try System.synchronize(operation.descriptor, dataOnly: dataOnly)
        return .success(0)
      case .cancel:
        return .success(0)
      }
    } catch {
      return .failure(error)
    }
  }

  /// Makes the call and measures it: what is not processor time is waiting.
  static func measured(
    _ basis: PhaseBasis, _ operation: Operation, _ pool: BufferPool, extra: TransferFlags = []
  ) -> (result: Result<Int, Errno>, phases: Phases) {
    let (wall, processor) = (Clock.monotonic, Clock.threadCPU)
    let result = perform(operation, pool, extra: extra)
    let used = Clock.threadCPU - processor
    let wait = max(0, Clock.monotonic - wall - used)
    return (result, .measured(basis, wait: wait, copy: used))
  }

  /// Makes the call for an engine that has no way of its own to carry an operation out.
  static func completion(
    of operation: Operation, _ pool: BufferPool, measures: Bool
  ) -> Completion {
    guard measures, operation.movesData else {
      return Completion(
        id: operation.id, result: perform(operation, pool), phases: .unmeasured)
    }
    let (result, phases) = measured(.cpuClock, operation, pool)
    return Completion(id: operation.id, result: result, phases: phases)
  }
}

/// Calls on streams that fail with EAGAIN rather than wait.
///
/// Where the kernel takes `RWF_NOWAIT` nothing about the descriptor changes. Elsewhere O_NONBLOCK is
/// set, which every process with the same open file sees, so it is taken back at the end.
struct NonBlockingCalls {
  private enum Mode {
    case flag, status, plain
  }

  /// Whether reads of regular files are asked not to wait either.
  let asksFiles: Bool
  private var modes = ByDescriptor<Mode>()
  private var changed: [FileDescriptor] = []

  init(asksFiles: Bool) {
    self.asksFiles = asksFiles
  }

  /// Makes the call. Writes to files, and reads unless they are to be asked, are plain ones.
  mutating func perform(_ operation: Operation, _ pool: BufferPool) -> Result<Int, Errno> {
    let isFile = operation.kind.isPositional
    if isFile, !asksFiles || operation.direction == .write {
      return PlainCall.perform(operation, pool)
    }
    if modes[operation.descriptor.rawValue] ?? .flag == .flag {
      let result = PlainCall.perform(operation, pool, extra: .noWait)
      guard case .failure(.notSupported) = result else { return result }
      if isFile {
        modes[operation.descriptor.rawValue] = .plain
      } else if let failure = setNonBlocking(operation.descriptor) {
        return .failure(failure)
      }
    }
    return PlainCall.perform(operation, pool)
  }

  private mutating func setNonBlocking(_ descriptor: FileDescriptor) -> Errno? {
    do throws(Errno) {
      let flags = try System.statusFlags(descriptor)
      if !flags.contains(.nonBlocking) {
        // From here on there is something to undo, so a signal must not end the program at once.
        Termination.catchSignals()
        try System.setStatusFlags(descriptor, flags.union(.nonBlocking))
        changed.append(descriptor)
      }
      modes[descriptor.rawValue] = .status
      return nil
    } catch {
      return error
    }
  }

  /// Forgets a descriptor, with its flags as they were.
  mutating func forget(_ descriptor: FileDescriptor) {
    modes[descriptor.rawValue] = nil
    restore { $0 == descriptor }
  }

  /// Gives every descriptor its flags back.
  mutating func restoreAll() {
    restore { _ in true }
  }

  private mutating func restore(where matches: (FileDescriptor) -> Bool) {
    for descriptor in changed where matches(descriptor) {
      // Other flags may have changed meanwhile: they are not ours to set back.
      guard let flags = try? System.statusFlags(descriptor) else { continue }
      try? System.setStatusFlags(descriptor, flags.subtracting(.nonBlocking))
    }
    changed.removeAll(where: matches)
  }
}

extension Operation {
  /// Whether the operation reads or writes.
  var movesData: Bool { direction != nil }

  /// Whether it is over once the descriptor is ready.
  var onlyWaits: Bool {
    switch verb {
    case .waitReadable, .waitWritable: true
    case .read, .write, .fsync, .cancel: false
    }
  }

  /// Whether it goes on where the descriptor of a file stands, which an interface that takes offsets
  /// alone cannot do.
  var continuesFile: Bool {
    switch verb {
    case .read(nil), .write(nil): kind.isPositional
    default: false
    }
  }

  /// Where its data goes.
  var direction: Direction? {
    switch verb {
    case .read: .read
    case .write: .write
    case .waitReadable, .waitWritable, .fsync, .cancel: nil
    }
  }
}
