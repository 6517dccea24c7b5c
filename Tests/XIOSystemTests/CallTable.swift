import Glibc
import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

/// A wait of 20 s in nanoseconds, for what is there already: who finds nothing fails, instead of waiting for
/// ever.
let longEnough: Int64 = 20_000_000_000

/// One way to make a system call, and how it is counted.
struct CallRow: Sendable, CustomTestStringConvertible {
  var testDescription: String
  /// The call that a fault strikes.
  var call: SystemCall
  /// All that is counted, by name.
  var counts: [SystemCall: UInt64]
  /// How many of them a fault can strike; others are counted along with these.
  var strikable: Int
  /// Whether a failure is the answer rather than an error.
  var isSwallowed: Bool
  /// Makes the call.
  var body: @Sendable (CallFixture) throws -> Void

  init(
    _ name: String, _ call: SystemCall, counts: [SystemCall: UInt64]? = nil,
    strikable: Int? = nil, isSwallowed: Bool = false,
    _ body: @escaping @Sendable (CallFixture) throws -> Void
  ) {
    testDescription = name
    self.call = call
    self.counts = counts ?? [call: 1]
    self.strikable = strikable ?? Int(self.counts[call] ?? 0)
    self.isSwallowed = isSwallowed
    self.body = body
  }

  /// Every call of the module that can be made by itself.
  static let all =
    names + files + transfers + waiting + memory + contexts + following + sockets + entries

  static let names: [CallRow] = [
    CallRow("open", .open, counts: [.open: 1, .close: 1]) {
      try System.close(try System.open($0.path, .readOnly))
    },
    CallRow("openNameless", .open, counts: [.open: 1, .close: 1]) {
      try System.close(try System.openNameless(beside: $0.path))
    },
    CallRow("openTemporary", .open, counts: [.open: 1, .close: 1]) {
      try System.close(try System.openTemporary(in: $0.path.removingLastComponent()))
    },
    CallRow("close", .close, counts: [.open: 1, .close: 1]) {
      try System.close(try System.open($0.path, .readOnly))
    },
    CallRow("status of a name", .stat) { _ = try System.status($0.path) },
    CallRow("isSymbolicLink", .lstat, isSwallowed: true) { _ = System.isSymbolicLink($0.path) },
    CallRow("remove", .unlink) { try System.remove($0.path) },
    CallRow("pipe", .pipe2) { _ in
      let ends = try System.pipe()
      try ends.readEnd.close()
      try ends.writeEnd.close()
    },
  ]

  static let files: [CallRow] = [
    CallRow("status", .fstat) { _ = try System.status($0.file) },
    CallRow("position", .lseek) { _ = try System.position($0.file) },
    CallRow("setPosition", .lseek) { try System.setPosition($0.file, to: 3) },
    CallRow("endPosition", .lseek, counts: [.lseek: 3]) { _ = try System.endPosition($0.file) },
    CallRow("truncate", .ftruncate) { try System.truncate($0.target, to: 5) },
    CallRow("allocate", .fallocate) { try System.allocate($0.target, size: 4096) },
    CallRow("punchHole", .fallocate) { try System.punchHole($0.target, at: 0, count: 4096) },
    CallRow("duplicate", .fcntl) { try System.duplicate($0.file).close() },
    CallRow("statusFlags", .fcntl) { _ = try System.statusFlags($0.file) },
    CallRow("setStatusFlags", .fcntl) { try System.setStatusFlags($0.file, .append) },
    CallRow("setPipeSize", .fcntl) { try System.setPipeSize($0.full.writeEnd, to: 4096) },
    CallRow("synchronize", .fsync) { try System.synchronize($0.file, dataOnly: false) },
    CallRow("synchronize data", .fdatasync) { try System.synchronize($0.file, dataOnly: true) },
    CallRow("beginWriteBack", .syncFileRange) {
      try System.beginWriteBack($0.file, at: 0, count: 0)
    },
    CallRow("writeBack", .syncFileRange) { try System.writeBack($0.file, at: 0, count: 0) },
    CallRow("dropPages", .fadvise64) { try System.dropPages($0.file, at: 0, count: 0) },
    CallRow("cachedPages", .cachestat) { _ = try System.cachedPages($0.file) },
    CallRow("mappedPages", .mincore) { _ = try System.mappedPages($0.file, size: 19) },
    CallRow("directAlignment", .statx) { _ = try System.directAlignment($0.file) },
    CallRow("room", .fstatfs) { _ = try System.room($0.file) },
    CallRow("isInMemory", .fstatfs) { _ = try System.isInMemory($0.file) },
  ]

  static let transfers: [CallRow] = [
    CallRow("read", .read) { _ = try System.read($0.full.readEnd, into: $0.memory, at: nil) },
    CallRow("read at an offset", .pread64) {
      _ = try System.read($0.file, into: $0.memory, at: 1)
    },
    CallRow("checkRead", .preadv2) { try System.checkRead($0.file, .anonymous) },
    CallRow("read with flags", .preadv2) {
      _ = try System.read($0.file, into: $0.memory, at: 1, flags: .dontCache)
    },
    CallRow("write", .write) { _ = try System.write($0.empty.writeEnd, from: $0.bytes, at: nil) },
    CallRow("write at an offset", .pwrite64) {
      _ = try System.write($0.target, from: $0.bytes, at: 1)
    },
    CallRow("write with flags", .pwritev2) {
      _ = try System.write($0.target, from: $0.bytes, at: 1, flags: .dontCache)
    },
    CallRow("clone", .ficlone) { try System.clone($0.file, to: $0.target) },
    CallRow("copyRange", .copyFileRange) {
      _ = try System.copyRange($0.file, at: 0, to: $0.target, at: 0, count: 19)
    },
    CallRow("sendFile", .sendfile) {
      _ = try System.sendFile($0.file, at: 0, to: $0.target, count: 19)
    },
    CallRow("splice", .splice) {
      _ = try System.splice($0.full.readEnd, at: nil, to: $0.target, at: 0, count: 19)
    },
  ]

  static let waiting: [CallRow] = [
    CallRow("select", .pselect6) {
      var interests = [Interest($0.full.readEnd, read: true, write: false)]
      try #require(try System.select(&interests, timeout: longEnough) == 1)
    },
    CallRow("poll", .ppoll) {
      var interests = [Interest($0.full.readEnd, read: true, write: false)]
      try #require(try System.poll(&interests, timeout: longEnough) == 1)
    },
    CallRow("waitUntilReady", .ppoll) {
      try #require(
        try System.waitUntilReady($0.full.readEnd, forWriting: false, timeout: longEnough))
    },
    CallRow("makeEpoll", .epollCreate1) { _ in try System.makeEpoll().close() },
    CallRow("setEpoll", .epollCtl) {
      let interest = Interest($0.full.readEnd, read: true, write: false)
      try System.setEpoll($0.epoll, interest, token: 7, change: false)
    },
    CallRow("removeEpoll", .epollCtl, counts: [.epollCtl: 2]) {
      let interest = Interest($0.full.readEnd, read: true, write: false)
      try System.setEpoll($0.epoll, interest, token: 7, change: false)
      try System.removeEpoll($0.epoll, $0.full.readEnd)
    },
    CallRow("waitEpoll", .epollWait) {
      var tokens: [UInt64] = [0]
      _ = try System.waitEpoll($0.epoll, tokens: &tokens, timeout: 0)
    },
    CallRow("blockIOSignals", .rtSigprocmask, counts: [.rtSigprocmask: 2]) { _ in
      try System.blockIOSignals()
    },
    CallRow("armSignal", .fcntl, counts: [.fcntl: 5], strikable: 1) {
      _ = try System.armSignal($0.empty.readEnd)
    },
    CallRow("disarmSignal", .fcntl, counts: [.fcntl: 3], strikable: 1) {
      try System.disarmSignal($0.empty.readEnd)
    },
    // Not those of requests: their handler in this process gives them back to whom they were meant for.
    CallRow("Interruptions.record", .rtSigaction) { _ in try Interruptions.record(.descriptor) },
    CallRow("Interruptions.letIn", .rtSigprocmask, counts: [.rtSigaction: 1, .rtSigprocmask: 1]) {
      _ in
      // What may be due must find a handler.
      try Interruptions.record(.descriptor)
      try Interruptions.letIn(.descriptor)
    },
    CallRow("takeSignal", .rtSigtimedwait, counts: [.rtSigprocmask: 2, .rtSigtimedwait: 1]) { _ in
      try System.blockIOSignals()
      _ = try System.takeSignal(timeout: 0)
    },
    CallRow("pause", .nanosleep, isSwallowed: true) { _ in System.pause(nanoseconds: 1) },
    CallRow("pause of nothing", .schedYield, isSwallowed: true) { _ in
      System.pause(nanoseconds: 0)
    },
  ]

  static let memory: [CallRow] = [
    CallRow("mapMemory", .mmap) { _ in System.unmapMemory(try System.mapMemory(4096)) },
    CallRow("ProcessUsage", .getrusage) { _ in _ = try ProcessUsage.current() },
  ]
}
