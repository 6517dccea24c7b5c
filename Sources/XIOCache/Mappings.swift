internal import SystemPackage
internal import XIOSystem

/// Which processes have which files in their memory, as far as the caller may know.
///
/// The corresponding files are `/proc/PID/maps`.
struct Mappings {
  /// A process.
  struct Process: Hashable {
    var number: Int
    var name: String
  }

  private struct Mapping {
    var device: UInt64
    var path: Substring
    var process: Process
  }

  private var byInode: [UInt64: [Mapping]] = [:]

  /// Looks at all processes.
  init() {
    let names = (try? System.entries(of: "/proc")) ?? []
    for name in names {
      let text = String(decoding: name, as: UTF8.self)
      guard let number = Int(text), let maps = Self.read("/proc/\(text)/maps") else { continue }
      let command = Self.read("/proc/\(text)/comm")?.split(separator: "\n").first
      let process = Process(number: number, name: command.map(String.init) ?? "?")
      take(maps, of: process)
    }
  }

  /// The processes that have some of a file in their memory.
  func processes(mapping status: EntryStatus, _ descriptor: FileDescriptor) -> [Process] {
    let found = byInode[status.identity.inode] ?? []
    // Some file systems show another device here than in stat(2).
    let path = System.linkTarget(FilePath("/proc/self/fd/\(descriptor.rawValue)"))
    let same = found.filter {
      $0.device == status.identity.device || path.map(\.string) == String($0.path)
    }
    return Set(same.map(\.process)).sorted { $0.number < $1.number }
  }

  /// Takes lines such as `7f00-7f01 r-xp 00000000 fe:00 131 /lib/libc.so.6`.
  private mutating func take(_ maps: String, of process: Process) {
    var last: UInt64 = 0
    for line in maps.split(separator: "\n") {
      let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      guard fields.count == 6, let inode = UInt64(fields[4]), inode != 0, inode != last,
        let device = Self.device(fields[3])
      else { continue }
      last = inode
      byInode[inode, default: []].append(
        Mapping(device: device, path: fields[5].drop { $0 == " " }, process: process))
    }
  }

  /// A device as stat(2) has it.
  private static func device(_ text: Substring) -> UInt64? {
    let parts = text.split(separator: ":")
    guard parts.count == 2, let major = UInt64(parts[0], radix: 16),
      let minor = UInt64(parts[1], radix: 16)
    else { return nil }
    return (minor & 0xff) | (major & 0xfff) << 8 | (minor & ~0xff) << 12 | (major & ~0xfff) << 32
  }

  private static func read(_ path: String) -> String? {
    guard let file = try? System.open(FilePath(path), .readOnly) else { return nil }
    defer { try? System.close(file) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = block.withUnsafeMutableBytes { memory in
        try? System.read(file, into: memory, at: nil)
      }
      guard let count else { return nil }
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += block[..<count]
    }
  }
}
