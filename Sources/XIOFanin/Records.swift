internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// Receiving records, one of which is one line or several.
extension FaninJob {
  /// So many are taken before others have their turn.
  private static let most = 256

  /// Takes what has come.
  mutating func receive<Engine: IOEngine & ~Copyable>(
    _ feed: Feed, _ driver: inout Driver<Engine>, _ pool: BufferPool
  ) throws(Errno) {
    guard let descriptor = feed.endpoint?.descriptor else { return }
    for _ in 0..<Self.most where !mustWait(feed) {
      do throws(Errno) {
        let message = try System.receive(descriptor, into: scratch)
        if message.count == 0, feed.endsWithEmptyRecord {
          return try end(feed, &driver, pool)
        }
        take(message, feed)
      } catch {
        if error == .interrupted { continue }
        if error == .wouldBlock { break }
        // A datagram of ours found nobody: the other end may come back.
        if error == .connectionRefused, feed.connector == nil { break }
        return try fail(feed, error, &driver, pool)
      }
    }
    if ending.isDraining, hasRunDry(feed) { return try end(feed, &driver, pool) }
    try read(feed, &driver, pool)
  }

  private mutating func take(_ message: SocketMessage, _ socket: Feed) {
    if let drops = message.drops { count(drops, of: socket) }
    let feed = sender(of: message, socket)
    feed.counts.truncatedBytes += Int64(max(0, message.size - message.count))
    guard message.count > 0 else { return }
    arrived(feed, message.count)
    let bytes = UnsafeRawBufferPointer(rebasing: scratch[..<message.count])
    feed.assembler.begin(at: 0)
    feed.assembler.take(message.count, bytes)
    feed.assembler.finish(bytes, isRecord: true)
    stash(feed, bytes)
    if feed.hasLines { enqueue(feed) }
  }

  private func count(_ drops: UInt32, of socket: Feed) {
    // What came with an older record is known already; the kernel's count begins again after 2^32.
    let new = Int32(truncatingIfNeeded: drops &- socket.lastDrops)
    guard new > 0 else { return }
    socket.counts.kernelDrops += Int64(new)
    socket.lastDrops = drops
  }

  /// Asks the kernel what it has dropped of a socket since the last record that has come.
  func countDrops(of socket: Feed) {
    guard socket.takesRecords, let descriptor = socket.endpoint?.descriptor,
      let drops = try? System.droppedRecords(descriptor)
    else { return }
    count(drops, of: socket)
  }

  /// The same for all sockets, before an account is given.
  func countAllDrops() {
    for case .feed(let feed)? in occupants { countDrops(of: feed) }
  }

  /// Who is counted and labelled for a record.
  private func sender(of message: SocketMessage, _ socket: Feed) -> Feed {
    guard socket.connector == nil, !socket.endsWithEmptyRecord else { return socket }
    let peer = message.sender.name
    let process = message.credentials?.process
    let key = peer + (process.map { Array("\0\($0)".utf8) } ?? [])
    guard !key.isEmpty else { return socket }
    if let known = socket.senders[key] { return known }
    // Whoever comes when there are many already is counted together with others like that.
    guard socket.senders.count < options.connections else { return socket }
    var title = socket.title
    title.peer = peer.isEmpty ? process.map { Array("pid \($0)".utf8) } ?? [] : peer
    title.process = process
    let feed = factory.make(title)
    socket.senders[key] = feed
    return feed
  }

  /// Whether records stay with the kernel until there is room.
  func mustWait(_ feed: Feed) -> Bool {
    options.onFull == .block && waitingBytes >= options.memory / 4
  }
}
