import Glibc
import SystemPackage
import XIOSystem
import XIOTestSupport

/// Calls on entries of directories.
extension CallRow {
  static let entries: [CallRow] = [
    CallRow("entryStatus of a name", .stat) {
      try $0.withName { _ = try System.entryStatus($0, in: .working, follows: true) }
    },
    CallRow("entryStatus", .fstat) { _ = try System.entryStatus($0.file) },
    CallRow("open an entry", .open, counts: [.open: 1, .close: 1]) {
      try System.close(try $0.withName { try System.open($0, in: .working, .readOnly) })
    },
    CallRow("readEntries", .getdents64, counts: directoryCounts([.getdents64: 1])) {
      try $0.inDirectory { _, _, descriptor in
        var memory = [UInt8](repeating: 0, count: 4096)
        _ = try memory.withUnsafeMutableBytes { try System.readEntries(descriptor, into: $0) }
      }
    },
    CallRow("makeDirectory", .mkdirat, counts: directoryCounts([.mkdirat: 1])) {
      try $0.inDirectory { directory, _, _ in
        try System.makeDirectory("new", in: directory, permissions: 0o700)
      }
    },
    CallRow("makeNode", .mknodat, counts: directoryCounts([.mknodat: 1])) {
      try $0.inDirectory { directory, _, _ in
        try System.makeNode("new", in: directory, mode: S_IFIFO | 0o600, node: 0)
      }
    },
    CallRow("makeLink", .linkat, counts: directoryCounts([.linkat: 1])) {
      try $0.inDirectory { directory, name, _ in
        try System.makeLink(name, in: directory, to: "new", in: directory, follows: false)
      }
    },
    CallRow("makeName", .linkat, counts: [.open: 2, .linkat: 1, .close: 2]) {
      try $0.inDirectory { directory, _, _ in
        let file = try System.open(".", in: directory, [.writeOnly, .nameless], permissions: 0o600)
        defer { try? System.close(file) }
        try System.makeName("new", in: directory, of: file)
      }
    },
    CallRow("lock", .flock) { try System.lock($0.file) },
    CallRow(
      "symbolic links", .symlinkat, counts: directoryCounts([.symlinkat: 1, .readlinkat: 1])
    ) {
      try $0.inDirectory { directory, name, _ in
        try System.makeSymbolicLink(containing: name, named: "new", in: directory)
        _ = try System.readLink("new", in: directory)
      }
    },
    CallRow("remove an entry", .unlinkat, counts: directoryCounts([.unlinkat: 1])) {
      try $0.inDirectory { directory, name, _ in try System.remove(name, in: directory) }
    },
    CallRow("rename an entry", .renameat2, counts: directoryCounts([.renameat2: 1])) {
      try $0.inDirectory { directory, name, _ in
        try System.rename(name, in: directory, to: "new", in: directory, replaces: false)
      }
    },
    CallRow("synchronizeFileSystem", .syncfs) {
      try System.synchronizeFileSystem(of: $0.file)
    },
    CallRow("holeOffset", .lseek) { _ = try System.holeOffset($0.file, from: 0) },
    CallRow("mayWrite", .faccessat2, isSwallowed: true) {
      try $0.withName { _ = System.mayWrite($0, in: .working) }
    },
    CallRow("setTimes", .utimensat) {
      let moment = EntryStatus.Moment(seconds: -5, nanoseconds: 7)
      try System.setTimes(AttributeSubject($0.file), accessed: moment, modified: moment)
    },
    CallRow("setOwner", .fchown) {
      try System.setOwner(AttributeSubject($0.file), user: 0, group: 0)
    },
    CallRow("setOwner of a name", .fchownat) {
      try $0.withSubject { try System.setOwner($0, user: 0, group: 0) }
    },
    CallRow("setMode", .fchmod) { try System.setMode(AttributeSubject($0.file), 0o600) },
    CallRow("setMode of a name", .fchmodat) {
      try $0.withSubject { try System.setMode($0, 0o600) }
    },
    CallRow("attributes", .fsetxattr, counts: attributeCounts) {
      let subject = AttributeSubject($0.file)
      try System.setAttribute("user.a", of: subject, to: [1])
      _ = try System.attributeNames(subject)
      _ = try System.attribute("user.a", of: subject)
      try System.removeAttribute("user.a", of: subject)
    },
    CallRow("attributes of a name", .lsetxattr, counts: namedAttributeCounts) {
      try $0.withSubject { subject in
        try System.setAttribute("user.a", of: subject, to: [1])
        _ = try System.attributeNames(subject)
        _ = try System.attribute("user.a", of: subject)
        try System.removeAttribute("user.a", of: subject)
      }
    },
    CallRow("Thread.start", .clone) { _ in try Thread.start {}.join() },
  ]

  private static let attributeCounts: [SystemCall: UInt64] = [
    .fsetxattr: 1, .flistxattr: 2, .fgetxattr: 1, .fremovexattr: 1,
  ]
  private static let namedAttributeCounts: [SystemCall: UInt64] = [
    .lsetxattr: 1, .llistxattr: 2, .lgetxattr: 1, .lremovexattr: 1,
  ]

  private static func directoryCounts(_ counts: [SystemCall: UInt64]) -> [SystemCall: UInt64] {
    counts.merging([.open: 1, .close: 1]) { $1 }
  }
}

extension CallFixture {
  /// Lends the name of the file to a call.
  func withName<Output>(_ body: (NamePointer) throws -> Output) rethrows -> Output {
    try path.withPlatformString { try body($0) }
  }

  /// Lends the file as one whose attributes are set by its name.
  func withSubject(_ body: (AttributeSubject) throws -> Void) throws {
    try withName { try body(AttributeSubject($0, in: .working)) }
  }

  /// Opens the directory for a call on the file in it.
  func inDirectory(_ body: (Directory, NamePointer, FileDescriptor) throws -> Void) throws {
    let opened = try System.open(path.removingLastComponent(), [.readOnly, .directory])
    defer { try? System.close(opened) }
    try "file".withCString { try body(Directory(opened), $0, opened) }
  }
}
