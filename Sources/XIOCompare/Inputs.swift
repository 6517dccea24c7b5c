internal import SystemPackage
internal import XIOReport
internal import XIOSystem

/// The files that a job reads: how large they are, and whether they are in the page cache.
struct Inputs {
  /// Regular files and their sizes in bytes.
  private(set) var files: [(path: FilePath, size: Int64)] = []
  /// Bytes of data in all, and how many entries there are.
  private(set) var bytes: Int64 = 0, entries = 0
  /// Room that copies take, in bytes: holes take none.
  private(set) var room: Int64 = 0

  private static let attempts = 20

  /// Looks at all operands.
  ///
  /// - Parameters:
  ///   - operands: What is read.
  ///   - hasTrees: Whether directories stand for what is in them.
  /// - Throws: ``CompareError``.
  init(_ operands: [FilePath], hasTrees: Bool) throws(CompareError) {
    for operand in operands {
      guard operand != "-" else {
        throw .message(
          "standard input can be read once, and every run has to read the same",
          hint: "name a file")
      }
      do throws(IOFailure) {
        try Tree.walk(operand, follows: true) { (entry: TreeEntry) throws(IOFailure) in
          if entry.isAfter { return }
          try take(entry, operand.appending(bytes: entry.path), hasTrees: hasTrees)
        }
      } catch {
        throw .io(error)
      }
    }
  }

  private mutating func take(
    _ entry: TreeEntry, _ path: FilePath, hasTrees: Bool
  ) throws(IOFailure) {
    if Termination.requested != nil { throw IOFailure(.read, path, .interrupted) }
    let status = entry.status
    entries += 1
    switch status.kind {
    case .regular:
      files.append((path, status.size))
      bytes += status.size
      // Every block of the last one's size, and holes only where there are some now.
      room += (min(status.size, max(status.allocated, 4096)) + 4095) / 4096 * 4096
    case .directory where hasTrees, .symbolicLink where hasTrees: room += 4096
    default:
      if !hasTrees || entry.path.isEmpty {
        throw IOFailure(
          .openForReading, path, nil,
          reason: "a \(status.kind.rawValue) cannot be read again and again",
          hint: "name regular files")
      }
    }
  }

  /// The pages of all files; nil where they cannot be counted.
  func residentPages() -> Int64? {
    var pages: Int64 = 0
    for file in files {
      guard let descriptor = try? System.open(file.path, .readOnly) else { return nil }
      defer { try? System.close(descriptor) }
      let probe = PageCacheProbe(descriptor, kind: .regular, size: file.size)
      guard let counts = probe.counts else { return nil }
      pages += Int64(counts.resident)
    }
    return pages
  }

  /// How many pages the files have.
  var pages: Int64 { files.reduce(0) { $0 + ($1.size + 4095) / 4096 } }

  /// Drops the pages of these files, and of no others, once they have been written to the device.
  ///
  /// - Throws: ``IOFailure``.
  func evict() throws(IOFailure) {
    for file in files {
      try System.attempt(.read, file.path) { () throws(Errno) in
        let descriptor = try System.open(file.path, .readOnly)
        defer { try? System.close(descriptor) }
        try System.synchronize(descriptor, dataOnly: true)
        // Pages that another processor has just let go of are dropped by a later call only.
        for _ in 0..<Self.attempts {
          try System.dropPages(descriptor, at: 0, count: 0)
          let probe = PageCacheProbe(descriptor, kind: .regular, size: file.size)
          guard let counts = probe.counts, counts.resident > 0 else { return }
          System.pause(nanoseconds: 1_000_000)
        }
      }
    }
  }

  /// Reads all files that are not resident as a whole.
  ///
  /// - Throws: ``IOFailure``.
  func warm() throws(IOFailure) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { memory.deallocate() }
    for file in files {
      try System.attempt(.read, file.path) { () throws(Errno) in
        let descriptor = try System.open(file.path, .readOnly)
        defer { try? System.close(descriptor) }
        let probe = PageCacheProbe(descriptor, kind: .regular, size: file.size)
        if let counts = probe.counts, Int64(counts.resident) >= (file.size + 4095) / 4096 { return }
        var offset: Int64 = 0
        while offset < file.size {
          if Termination.requested != nil { throw .interrupted }
          let count = try System.read(descriptor, into: memory, at: offset)
          if count == 0 { break }
          offset += Int64(count)
        }
      }
    }
  }
}
