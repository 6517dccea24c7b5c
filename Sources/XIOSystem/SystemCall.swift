internal import CXIO

/// A system call, or a library request that stands for one, as the program counts it.
///
/// Requests that a completion engine hands over (`uringRead`,
/// `libaioRead`, `aioRead` …) are no calls of their own and are counted as requests.
public enum SystemCall: Int32, CaseIterable, Sendable {
  case open, close, fstat, stat, lstat, lseek, ftruncate, fallocate, unlink, rename, fcntl, pipe2
  case read, write, pread64, pwrite64, preadv2, pwritev2
  case ficlone, copyFileRange, sendfile, splice
  case fsync, fdatasync, syncFileRange, fadvise64
  case futex
  case pselect6, ppoll, epollCreate1, epollCtl, epollWait, rtSigtimedwait, rtSigprocmask,
    rtSigaction
  case nanosleep, schedYield, mmap, ioctl, prlimit64, clone, unshare, schedSetattr
  case inotifyInit1, inotifyAddWatch, inotifyRmWatch
  case socket, bind, listen, connect, accept4, getsockname, getsockopt, setsockopt, sendto, recvmsg
  case wait4, kill
  case nameToHandleAt, pidfdOpen, readlink, getdents64
  case flock
  case mkdirat, mknodat, linkat, symlinkat, readlinkat, unlinkat, renameat2, faccessat2
  case utimensat, fchown, fchownat, fchmod, fchmodat, syncfs
  case flistxattr, llistxattr, fgetxattr, lgetxattr, fsetxattr, lsetxattr
  case fremovexattr, lremovexattr
  case cachestat, mincore, statx, fstatfs, getrusage
  case ioSetup, ioSubmit, ioGetevents, ioCancel, ioDestroy
  case ioUringSetup, ioUringRegister, ioUringEnter
  case uringRead, uringWrite, uringPoll, uringFsync, uringCancel
  case libaioRead, libaioWrite, libaioPoll, libaioFsync
  case aioRead, aioWrite, aioFsync, aioSuspend, aioError, aioCancel

  /// The name in reports: the kernel's, such as `io_uring_enter`. Calls that the C library makes by
  /// one entry of the kernel have one name.
  public var name: String {
    switch self {
    case .open: "openat"
    case .fstat, .stat, .lstat: "newfstatat"
    case .nanosleep: "clock_nanosleep"
    default: spelling
    }
  }

  private var spelling: String {
    var spelled = ""
    for character in "\(self)" {
      if character.isUppercase { spelled += "_" }
      spelled += character.lowercased()
    }
    return spelled
  }

  /// Whether this is a request inside a completion interface, or a library call, and not an entry
  /// into the kernel that the program makes itself.
  public var isRequest: Bool { rawValue >= SystemCall.uringRead.rawValue }
}

/// Counts of system calls by name, made by the calling thread.
public struct SystemCallTally: Sendable, Equatable {
  private var counts: [UInt64]

  private init(counts: [UInt64]) {
    self.counts = counts
  }

  /// The counts of the calling thread up to now.
  public static var current: SystemCallTally {
    SystemCallTally(counts: SystemCall.allCases.map { xio_system_call_count($0.rawValue) })
  }

  /// How often `call` was made.
  public subscript(call: SystemCall) -> UInt64 { counts[Int(call.rawValue)] }

  /// The calls made between `earlier` and this tally.
  public func since(_ earlier: SystemCallTally) -> SystemCallTally {
    SystemCallTally(counts: zip(counts, earlier.counts).map { $0 - $1 })
  }

  /// The calls that were made at all, with their counts.
  public var entries: [(call: SystemCall, count: UInt64)] {
    SystemCall.allCases.filter { self[$0] > 0 }.map { ($0, self[$0]) }
  }

  /// How many times the kernel was entered: all but requests.
  public var total: UInt64 { entries.reduce(0) { $0 + ($1.call.isRequest ? 0 : $1.count) } }
}
