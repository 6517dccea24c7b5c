import Glibc
import Synchronization
public import SystemPackage
public import Testing

/// A kind of file system that tests run on.
public enum FileSystemKind: String, Sendable, CaseIterable {
  /// The default of most distributions; no shared blocks.
  case ext4
  /// Shares blocks on request.
  case xfs
  /// Copies on write, with checksums.
  case btrfs
  /// Memory without a device below.
  case tmpfs
  /// Two directories in one, here both in memory.
  case overlayfs

  /// The kinds that store data in ways of their own; an overlay leaves that to what is below it.
  public static let allCases: [FileSystemKind] = [.ext4, .xfs, .btrfs, .tmpfs]

  /// The smallest size that its tools accept.
  public var smallestSize: Int {
    switch self {
    case .ext4: 2 << 20
    case .xfs: 300 << 20
    case .btrfs: 128 << 20
    case .tmpfs, .overlayfs: 1 << 20
    }
  }
}

/// A file system of its own, in memory, unmounted when the object goes or the test process ends.
///
/// A helper process waits for the end of the test process, however that comes, so that nothing
/// stays mounted after one that was killed. The image has no name any more once it is mounted, so
/// that its memory goes with the mount; until then its name says to which suite it belongs, for a run
/// that is killed at that moment.
public final class MountedFileSystem: Sendable {
  /// What kind it is.
  public let kind: FileSystemKind

  /// Where it is mounted.
  public let path: FilePath

  /// How long unmounting may take: umount(8) takes the name away at once, whoever uses the files.
  static let unmountLimit = Duration.seconds(60)

  private let remover: Mutex<RunningProgram?>
  private let removerInput: FileDescriptor

  /// Makes a file system and mounts it.
  ///
  /// - Parameters:
  ///   - kind: what kind.
  ///   - size: its size in bytes; memory is taken only for what is written.
  ///   - options: options of mount(8).
  /// - Throws: `SupportFailure` without the tools, or when one of them fails; what leaves the test out
  ///   without root.
  public init(_ kind: FileSystemKind, size: Int = 4 << 30, options: [String] = []) throws {
    try requireRoot(to: "mount \(kind.rawValue)")
    guard size >= kind.smallestSize else {
      throw SupportFailure("\(kind.rawValue) cannot be as small as \(size) bytes")
    }
    self.kind = kind
    path = try makeMountPoint(kind)
    let pipe = try closeOnExecPipe()
    removerInput = pipe.writer
    keptDescriptors.withLock { _ = $0.insert(Int(pipe.writer.rawValue)) }
    remover = Mutex(try startRemover(of: path, input: pipe.reader))
    try mountLock.withLock { _ in
      try mountFileSystem(kind, at: path, size: size, options: options)
    }
  }

  deinit { unmount() }

  /// Makes a directory for one test on the file system.
  ///
  /// - Throws: `SupportFailure` when it cannot be made.
  public func directory() throws -> TestDirectory { try TestDirectory(root: path) }

  /// Unmounts the file system and waits until that is done, for a minute at most.
  ///
  /// - Parameter sourceLocation: where an issue is recorded when that cannot be done.
  public func unmount(sourceLocation: SourceLocation = #_sourceLocation) {
    let remover = remover.withLock { running in
      defer { running = nil }
      return running
    }
    guard let remover else { return }
    keptDescriptors.withLock { _ = $0.remove(Int(removerInput.rawValue)) }
    try? removerInput.close()
    do {
      try eventually("\(path) is unmounted", within: Self.unmountLimit) { remover.hasEnded }
      try remover.wait()
    } catch {
      Issue.record(error, sourceLocation: sourceLocation)
    }
  }

  /// Returns the file system of a kind that all tests of the process share.
  ///
  /// - Parameter kind: what kind.
  /// - Returns: the file system; it stays until the test process ends.
  /// - Throws: `SupportFailure` when there is none to be had.
  public static func shared(_ kind: FileSystemKind) throws -> MountedFileSystem {
    try sharedMounts.withLock { mounts in
      if let mounted = mounts[kind] { return mounted }
      if mounts.isEmpty { atexit { unmountShared() } }
      let mounted = try MountedFileSystem(kind)
      mounts[kind] = mounted
      return mounted
    }
  }
}

extension TestDirectory {
  /// Makes a directory on the shared file system of a kind.
  ///
  /// - Parameter kind: what kind.
  /// - Throws: `SupportFailure` when there is no such file system to be had.
  public convenience init(on kind: FileSystemKind) throws {
    if geteuid() != 0, let own = unprivilegedDirectory(on: kind) {
      try self.init(root: own)
      return
    }
    try self.init(root: MountedFileSystem.shared(kind).path)
  }
}

private let sharedMounts = Mutex<[FileSystemKind: MountedFileSystem]>([:])

/// Serialises mount(8): two that look for a free loop device at once can find the same one.
private let mountLock = Mutex(())

private func unmountShared() {
  let mounts = sharedMounts.withLock { mounts in
    defer { mounts = [:] }
    return mounts
  }
  for mounted in mounts.values { mounted.unmount() }
}

private func makeMountPoint(_ kind: FileSystemKind) throws -> FilePath {
  let parent = suiteDirectory()
  var template = Array("\(parent)/\(uniqueName(kind.rawValue))".utf8CString)
  let path = template.withUnsafeMutableBufferPointer { buffer in
    buffer.baseAddress.flatMap { mkdtemp($0) }.map { FilePath(platformString: $0) }
  }
  guard let path else { throw SupportFailure.system("make a mount point in \(parent)") }
  return path
}

/// Starts the process that unmounts when the other end of its input is closed.
private func startRemover(of path: FilePath, input: FileDescriptor) throws -> RunningProgram {
  let script = """
    trap '' INT TERM HUP
    read -r _
    while umount -l "$1" 2>/dev/null; do :; done
    rm -f "$2"
    rmdir "$1"
    """
  var shell = TestProgram("/bin/sh", ["-c", script, "xio-unmount", path, imagePath(of: path)])
  shell.input = .descriptor(input)
  shell.output = .null
  shell.errorOutput = .null
  shell.timeLimit = .seconds(24 * 60 * 60)
  defer { try? input.close() }
  return try shell.start()
}

/// Names the file in memory that holds a file system: after the suite's directory and the mount point.
private func imagePath(of path: FilePath) -> FilePath {
  let names = [path.removingLastComponent(), path].map { $0.lastComponent?.string ?? "" }
  return FilePath("/dev/shm/\(names.joined(separator: "-")).img")
}

private func mountFileSystem(
  _ kind: FileSystemKind, at path: FilePath, size: Int, options: [String]
) throws {
  let isInMemory = kind == .tmpfs || kind == .overlayfs
  let choices = (isInMemory ? ["size=\(size)"] : ["loop"]) + options
  let list = choices.joined(separator: ",")
  if isInMemory {
    try runTool("mount", "-t", "tmpfs", "-o", list, "tmpfs", path)
    if kind == .overlayfs { try mountOverlay(at: path) }
    return
  }
  let image = imagePath(of: path)
  defer { _ = image.withPlatformString { unlink($0) } }
  let descriptor = try FileDescriptor.open(
    image, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec],
    permissions: [.ownerReadWrite])
  try descriptor.closeAfter { try descriptor.resize(to: Int64(size)) }
  try runTool("mkfs.\(kind.rawValue)", "-q", image)
  try runTool("mount", "-t", kind.rawValue, "-o", list, image, path)
}

/// Mounts an overlay of directories in `path` over `path` itself.
private func mountOverlay(at path: FilePath) throws {
  for name in ["lower", "upper", "work"] { try runTool("mkdir", path.appending(name)) }
  let list = "lowerdir=\(path)/lower,upperdir=\(path)/upper,workdir=\(path)/work"
  try runTool("mount", "-t", "overlay", "-o", list, "overlay", path)
}
