import Glibc
import Synchronization
import SystemPackage
import XIOSystem
import XIOTestSupport

@testable import XIOEngines

/// Where a transfer's bytes come from or go.
enum EndKind: Sendable, Equatable, CustomStringConvertible {
  case file(FileSystemKind)
  case stream(StreamKind)

  var description: String {
    switch self {
    case .file(let fileSystem): "file on \(fileSystem.rawValue)"
    case .stream(let kind): kind.rawValue
    }
  }
}

/// How fast the other side of a stream is.
enum Pace: Sendable {
  /// As fast as it can be.
  case eager
  /// A little, whenever the engine has dealt with all there was before.
  case slow
}

/// The source of a transfer, fed by a thread where it is a stream.
final class Source: Sendable {
  let endpoint: Endpoint
  private let pair: StreamPair?
  private let feeder: Background<Void>?

  /// Opens a source of `bytes`. A terminal is not hung up before `isDelivered` says that the target has
  /// everything: it would throw away what it holds.
  init(
    _ kind: EndKind, _ bytes: [UInt8], in directory: TestDirectory, pace: Pace = .eager,
    isDelivered: @escaping @Sendable () -> Bool = { true }
  ) throws {
    switch kind {
    case .file:
      let number = fileNumber.add(1, ordering: .relaxed).newValue
      let path = try directory.write("source-\(number)", bytes)
      endpoint = Endpoint(
        descriptor: try System.open(path, .readOnly), kind: .regular, position: .offset(0),
        size: Int64(bytes.count))
      pair = nil
      feeder = nil
    case .stream(let stream):
      let pair = try StreamPair(stream, in: directory)
      endpoint = Endpoint(
        descriptor: pair.reader.descriptor, kind: pair.reader.kind, position: .stream)
      self.pair = pair
      feeder = try Background {
        defer { pair.closeWriter() }
        try feed(bytes, to: pair, pace)
        if stream == .pty { try eventually("the target has everything", isDelivered) }
      }
    }
  }

  // The feeder ends when nobody reads any more, and only then can it be waited for.
  deinit { pair?.closeReader() }

  /// Waits until all of it is there, which it is only where it fits.
  func waitUntilFed() throws { try feeder?.value() }

  /// Closes it; whatever the feeder still has to say then is not heard.
  func close() {
    if let pair { pair.closeReader() } else { try? endpoint.descriptor.close() }
    _ = try? feeder?.value()
  }
}

/// The target of a transfer, emptied by a thread where it is a stream.
final class Target: Sendable {
  let endpoint: Endpoint
  private let path: FilePath?
  private let pair: StreamPair?
  private let drain: Background<[UInt8]>?
  private let received: Counter

  private final class Counter: Sendable {
    let value = Atomic(0)
  }

  /// Opens a target that will get `count` bytes; a terminal is read so far and no further.
  init(
    _ kind: EndKind, expecting count: Int, in directory: TestDirectory, pace: Pace = .eager
  ) throws {
    let received = Counter()
    self.received = received
    switch kind {
    case .file:
      let number = fileNumber.add(1, ordering: .relaxed).newValue
      let path = directory.path(of: "target-\(number)")
      endpoint = Endpoint(
        descriptor: try System.open(path, [.writeOnly, .create]), kind: .regular,
        position: .offset(0))
      self.path = path
      pair = nil
      drain = nil
    case .stream(let stream):
      let pair = try StreamPair(stream, in: directory, showing: true)
      if pace == .slow { try System.setPipeSize(pair.writer.descriptor, to: 4096) }
      endpoint = Endpoint(
        descriptor: pair.writer.descriptor, kind: pair.writer.kind, position: .stream)
      path = nil
      self.pair = pair
      drain = try Background {
        let limit = stream == .pty ? count : nil
        do {
          return try readAll(of: pair, expecting: count, limit: limit, pace) {
            received.value.store($0, ordering: .relaxed)
          }
        } catch {
          // Whoever still writes must not wait for a reader that has given up.
          pair.closeReader()
          throw error
        }
      }
    }
  }

  // The drain ends when nobody writes any more, and only then can it be waited for.
  deinit { pair?.closeWriter() }

  /// How many bytes have arrived.
  var count: Int {
    if path == nil { return received.value.load(ordering: .relaxed) }
    return Int((try? System.status(endpoint.descriptor).size) ?? 0)
  }

  /// Closes it and returns all that it got.
  func finish() throws -> [UInt8] {
    // A terminal is read up to a count, and what it still holds would go with it.
    if let drain, endpoint.kind == .characterDevice { return try drain.value() }
    if let pair { pair.closeWriter() } else { try? endpoint.descriptor.close() }
    if let drain { return try drain.value() }
    return try path.map(readFile) ?? []
  }
}

private let fileNumber = Atomic(0)

private func feed(_ bytes: [UInt8], to pair: StreamPair, _ pace: Pace) throws {
  guard pace == .slow else {
    _ = try pair.writer.descriptor.writeAll(bytes)
    return
  }
  var next = 0
  while next < bytes.count {
    let drib = bytes[next..<min(bytes.count, next + 1 + next % 1500)]
    _ = try pair.writer.descriptor.writeAll(drib)
    next = drib.endIndex
    try eventually("the engine has read what there is") { pair.unread == 0 }
  }
}

private func readAll(
  of pair: StreamPair, expecting count: Int, limit: Int?, _ pace: Pace,
  _ progress: (Int) -> Void
) throws -> [UInt8] {
  let descriptor = pair.reader.descriptor
  var result: [UInt8] = []
  let size = pace == .slow ? 1000 : 1 << 16
  let block = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
  defer { block.deallocate() }
  while limit.map({ result.count < $0 }) ?? true {
    if pace == .slow {
      // Until the engine can write no more, or has nothing more to write.
      try eventually("the pipe is full") { pair.isFull || result.count + pair.unread >= count }
    }
    var entry = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
    guard poll(&entry, 1, 30_000) > 0 else {
      throw SupportFailure("nothing arrived after \(result.count) of \(count) bytes")
    }
    let read = try descriptor.read(into: block)
    if read == 0 { break }
    result.append(contentsOf: block.prefix(read))
    progress(result.count)
  }
  return result
}
