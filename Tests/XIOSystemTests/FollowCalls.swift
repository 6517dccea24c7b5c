import Glibc
import SystemPackage
import XIOSystem
import XIOTestSupport

/// Calls that following files takes.
extension CallRow {
  static let following: [CallRow] = [
    CallRow("makeInotify", .inotifyInit1) { _ in
      try System.makeInotify(blocking: false).close()
    },
    CallRow("watch a name", .inotifyAddWatch, counts: watchCounts) { fixture in
      try withInotify { _ = try System.watch($0, fixture.path, .modify) }
    },
    CallRow("watch an open file", .inotifyAddWatch, counts: watchCounts) { fixture in
      try withInotify { _ = try System.watch($0, fixture.file, .modify) }
    },
    CallRow(
      "unwatch", .inotifyRmWatch,
      counts: [.inotifyInit1: 1, .inotifyAddWatch: 1, .inotifyRmWatch: 1]
    ) { fixture in
      try withInotify { try System.unwatch($0, try System.watch($0, fixture.path, .modify)) }
    },
    CallRow("readableBytes", .ioctl) { _ = try System.readableBytes($0.full.readEnd) },
    CallRow("openDirectory", .open) { try System.openDirectory($0.directory.path).close() },
    CallRow("open in a directory", .open) {
      try System.open(EntryName($0.path.rawBytes), in: nil, .readOnly).close()
    },
    CallRow("status in a directory", .stat) {
      _ = try System.status(of: EntryName($0.path.rawBytes), in: nil)
    },
    CallRow("nameStatus", .fstat) { _ = try System.nameStatus($0.file) },
    CallRow("linkTarget", .readlink, isSwallowed: true) { _ = System.linkTarget($0.path) },
    CallRow("entries", .getdents64) { _ = try System.entries(of: $0.directory.path) },
    CallRow("fileHandle", .nameToHandleAt) { _ = try System.fileHandle($0.file) },
    CallRow("birthTime", .statx) { _ = try System.birthTime($0.file) },
    CallRow("dataOffset", .lseek) { _ = try System.dataOffset($0.file, from: 0) },
    CallRow("hasWriters", .fcntl) { _ = try System.hasWriters($0.file) },
    CallRow("openProcess", .pidfdOpen) { _ in try System.openProcess(getpid()).close() },
    CallRow("requestShortTurns", .schedSetattr) { _ in
      defer { requestDefaultTurns() }
      try System.requestShortTurns()
    },
    CallRow("raiseDescriptorLimit", .prlimit64, isSwallowed: true) { _ in
      let limit = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
      var before = rlimit()
      guard getrlimit(limit, &before) == 0 else { throw SupportFailure("no limit is told") }
      defer { setrlimit(limit, &before) }
      _ = System.raiseDescriptorLimit()
    },
    CallRow("rename", .rename) { try System.rename($0.path, to: $0.path) },
    CallRow("Wake.arm", .clone) { _ in
      let pipe = try watchedForEver.get()
      try Wake.arm(pipe.writer, output: pipe.reader, processes: [], reports: false)
    },
  ]

  /// A pipe that lasts as long as the process, as does the thread that watches it: that knows descriptors
  /// by their numbers, and would take whatever got such a number later for the pipe.
  private static let watchedForEver = Result { try closeOnExecPipe() }

  private static let watchCounts: [SystemCall: UInt64] = [.inotifyInit1: 1, .inotifyAddWatch: 1]

  private static func withInotify(_ body: (FileDescriptor) throws -> Void) throws {
    let inotify = try System.makeInotify(blocking: false)
    defer { try? inotify.close() }
    try body(inotify)
  }
}
