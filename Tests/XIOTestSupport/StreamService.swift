import Glibc
import SystemPackage

/// The test's sides of a program's streams, served without ever waiting for one of them.
struct StreamService {
  /// Standard input, output and error, each -1 when it is not open.
  private var open: [CInt]
  private var pending: ArraySlice<UInt8>
  private var block = [UInt8](repeating: 0, count: 1 << 18)

  init(_ streams: ProgramStreams) {
    open = [streams.inputWriter, streams.outputReader, streams.errorReader].map {
      $0?.rawValue ?? -1
    }
    pending = streams.inputBytes[...]
    for descriptor in open where descriptor >= 0 { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
    if pending.isEmpty { closeInput() }
  }

  /// Whether any of them is open.
  var isOpen: Bool { open.contains { $0 >= 0 } }

  /// What poll(2) has to look at.
  var watched: [pollfd] {
    open.enumerated().map { index, descriptor in
      pollfd(fd: descriptor, events: Int16(index == 0 ? POLLOUT : POLLIN), revents: 0)
    }
  }

  /// Writes and reads where poll(2) said that it is possible, each once.
  mutating func serve(_ watched: [pollfd], _ take: (ArraySlice<UInt8>, _ isError: Bool) -> Void) {
    if watched[0].revents != 0 { feed() }
    for index in 1...2 where watched[index].revents != 0 {
      let count = read(open[index], &block, block.count)
      if count > 0 {
        take(block[..<count], index == 2)
      } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
        close(at: index)
      }
    }
  }

  mutating func closeInput() { close(at: 0) }

  mutating func closeAll() { for index in open.indices { close(at: index) } }

  private mutating func feed() {
    let count = pending.withUnsafeBytes { write(open[0], $0.baseAddress, $0.count) }
    if count > 0 { pending = pending.dropFirst(count) }
    if pending.isEmpty || (count < 0 && errno != EAGAIN && errno != EINTR) { closeInput() }
  }

  private mutating func close(at index: Int) {
    if open[index] >= 0 { Glibc.close(open[index]) }
    open[index] = -1
  }
}
