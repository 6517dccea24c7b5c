import Glibc
import SystemPackage
import XIOSystem
import XIOTestSupport

/// Real objects for one call to work on; they go with it.
final class CallFixture {
  /// The bytes that ``file`` and the pipe hold.
  static let text = Array("The quick brown fox".utf8)

  let directory: TestDirectory
  /// A file of ``text`` and an empty one, open for reading and writing.
  let file: FileDescriptor, target: FileDescriptor
  /// The name of ``file``.
  let path: FilePath
  /// A pipe that holds ``text``, and an empty one.
  let full: (readEnd: FileDescriptor, writeEnd: FileDescriptor)
  let empty: (readEnd: FileDescriptor, writeEnd: FileDescriptor)
  /// An instance without descriptors.
  let epoll: FileDescriptor
  /// Aligned memory of 16 bytes.
  let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 4096)
  private var mask = sigset_t()

  /// Makes everything, on a file system that shares blocks.
  ///
  /// - Throws: `Errno`, or `SupportFailure` without the file system.
  init() throws {
    // A signal that is blocked for a test must not stay so for the next test of this thread.
    pthread_sigmask(SIG_SETMASK, nil, &mask)
    directory = try TestDirectory(on: .xfs)
    path = try directory.write("file", Self.text)
    file = try FileDescriptor.open(path, .readWrite, options: [.closeOnExec])
    target = try FileDescriptor.open(
      try directory.write("target", [UInt8]()), .readWrite, options: [.closeOnExec])
    full = try System.pipe()
    empty = try System.pipe()
    try full.writeEnd.writeAll(Self.text)
    epoll = try System.makeEpoll()
    memory.copyBytes(from: repeatElement(UInt8(ascii: "-"), count: memory.count))
  }

  deinit {
    for descriptor in [
      file, target, full.readEnd, full.writeEnd, empty.readEnd, empty.writeEnd, epoll,
    ] {
      try? descriptor.close()
    }
    memory.deallocate()
    pthread_sigmask(SIG_SETMASK, &mask, nil)
  }

  /// The memory, for a call that reads it.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(memory) }
}
