import Foundation
import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// The lines of `xio cache --json`.
private struct CacheLines {
  let files: [[String: Any]]
  let total: [String: Any]

  init(_ result: ProgramResult) throws {
    let lines = try result.output.split(separator: UInt8(ascii: "\n")).map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
    }
    let schema = try JSONSchema.documented("cache")
    for line in lines { #expect(schema.problems(of: line) == [], "\(line)") }
    files = lines.filter { $0["kind"] as? String == "file" }
    let totals = lines.filter { $0["kind"] as? String == "total" }
    #expect(totals.count == 1 && lines.last?["kind"] as? String == "total", "\(result)")
    total = try #require(totals.first)
  }

  /// The counts of a file.
  func pages(_ index: Int, _ moment: String = "now") throws -> [String: Any] {
    try #require(files[index][moment] as? [String: Any], "\(files[index])")
  }

  /// How many pages of a file are resident; nil where it is null.
  func resident(_ index: Int, _ moment: String = "now") throws -> Int? {
    try pages(index, moment)["resident_pages"] as? Int
  }
}

private func cache(_ arguments: [any ByteString]) throws -> CacheLines {
  let result = try runXio(["cache", "--json"] + arguments)
  expectQuietSuccess(result)
  return try CacheLines(result)
}

/// `xio cache` counts pages as others do, brings them in and takes them out.
@Suite(.serialized) struct CacheCommandTests {
  private static let size = (2 << 20) + 1234
  private static let pages = 513

  @Test(arguments: [FileSystemKind.ext4, .xfs, .btrfs])
  func countsAsOthersDo(_ kind: FileSystemKind) throws {
    let directory = try TestDirectory(on: kind)
    let file = try directory.writeRandom("file", count: Self.size)
    try evict(file)
    for range in [0..<0, 409_600..<819_200, 0..<Self.size] {
      try warm(file, range)
      let expected = try Residency(of: file)
      let lines = try cache(["show", file])
      #expect(try lines.resident(0) == expected.residentPages)
      #expect(try fincorePages(of: file) == expected.residentPages)
      #expect(try lines.pages(0)["dirty_pages"] as? Int == 0)
      #expect(lines.files[0]["pages"] as? Int == Self.pages)
      #expect(lines.files[0]["bytes"] as? Int == Self.size)
      let cells = try #require(lines.files[0]["extent"] as? [[String: Int]])
      #expect(cells.count == 64)
      #expect(cells.reduce(0) { $0 + ($1["pages"] ?? 0) } == Self.pages)
      #expect(cells.reduce(0) { $0 + ($1["resident_pages"] ?? 0) } == expected.residentPages)
    }
  }

  @Test func seesWhatIsNotOnTheDevice() throws {
    let directory = try TestDirectory(on: .ext4)
    let file = try directory.writeRandom("file", count: Self.size)
    try eventually("both counts agree") {
      let lines = try cache(["show", file])
      let expected = try Residency(of: file)
      let now = try lines.pages(0)
      return now["dirty_pages"] as? Int == expected.dirtyPages
        && now["writeback_pages"] as? Int == expected.writebackPages
    }
    // Without a pause: what was just written is not on the device.
    try directory.writeRandom("other", count: Self.size)
    let lines = try cache(["show", directory.path(of: "other")])
    let now = try lines.pages(0)
    let unwritten =
      try #require(now["dirty_pages"] as? Int) + (try #require(now["writeback_pages"] as? Int))
    #expect(unwritten > 0)
  }

  @Test(arguments: EngineVariant.all) func warmsWithEachEngine(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    let file = try directory.writeRandom("file", count: Self.size)
    let lines = try cache(["evict", file])
    #expect(try lines.resident(0) == 0)
    #expect(try fincorePages(of: file) == 0)
    let warmed = try cache(["warm"] + variant.options + [file])
    #expect(try warmed.resident(0, "before") == 0)
    #expect(try warmed.resident(0) == Self.pages)
    #expect(warmed.files[0]["bytes_read"] as? Int == Self.size)
    #expect(try fincorePages(of: file) == Self.pages)
  }

  @Test(arguments: [FileSystemKind.ext4, .xfs, .btrfs])
  func evictsWhatIsDirty(_ kind: FileSystemKind) throws {
    let directory = try TestDirectory(on: kind)
    let file = try directory.writeRandom("file", count: Self.size)
    let lines = try cache(["evict", file])
    #expect(try lines.resident(0, "before") == Self.pages)
    #expect(try lines.resident(0) == 0)
    #expect(try Residency(of: file) == .none)
    #expect(try directory.read("file").count == Self.size)
  }

  @Test func theBarShowsWhichPart() throws {
    let directory = try TestDirectory(on: .ext4)
    let file = try directory.writeRandom("file", count: 64 * 4096)
    let small = try directory.writeRandom("small", count: 3 * 4096)
    for other in [file, small] { try evict(other) }
    try warm(file, (16 * 4096)..<(33 * 4096))
    try warm(small, 4096..<8192)
    for (locale, bar, other) in [
      ("C.UTF-8", "····████▂·······", "·█·"), ("C", "....####-.......", ".#."),
    ] {
      let result = try runXio(
        ["cache", "show", "file", "small"], environment: ["LC_ALL": locale],
        workingDirectory: directory.path)
      expectQuietSuccess(result)
      let lines = result.outputText.split(separator: "\n")
      #expect(lines[1].contains("  \(bar)  file"), "\(result)")
      #expect(lines[2].contains("  \(other) "), "\(result)")
      #expect(lines[1].contains("68.0 KiB  256 KiB   27 "), "\(result)")
      #expect(!result.outputText.contains("\u{1b}"), "\(result)")
      #expect(lines[3].contains("total of 2 files"), "\(result)")
    }
    let coloured = try runXio(["cache", "show", "--color=always", file])
    #expect(coloured.outputText.contains("\u{1b}[36m"), "\(coloured)")
  }

  @Test func holesAreLeftAlone() throws {
    let directory = try TestDirectory(on: .ext4)
    let file = try directory.writeSparse("file", count: 1 << 40)
    let descriptor = try FileDescriptor.open(file, .writeOnly, options: [.closeOnExec])
    try descriptor.closeAfter {
      _ = try descriptor.writeAll(toAbsoluteOffset: 1 << 39, [UInt8](repeating: 1, count: 8192))
    }
    try evict(file)
    let lines = try cache(["warm", file])
    #expect(lines.files[0]["bytes_read"] as? Int == 8192)
    #expect(try lines.resident(0) == 2)
    #expect(lines.files[0]["pages"] as? Int == 1 << 28)
    let empty = try directory.write("empty", "".utf8)
    for action in ["show", "warm", "evict"] {
      let lines = try cache([action, empty])
      #expect(try lines.resident(0) == 0)
      #expect(lines.files[0]["pages"] as? Int == 0)
    }
  }

  @Test func memoryAloneCannotBeEvicted() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let file = try directory.writeRandom("file", count: 8192)
    let result = try runXio(["cache", "evict", file])
    expectMessage(result, "2 pages cannot be evicted", "in memory alone")
    #expect(try directory.read("file").count == 8192)
    #expect(try Residency(of: file).residentPages == 2)
  }

  @Test func whatIsMappedStaysAndItsUserIsNamed() throws {
    let directory = try TestDirectory(on: .ext4)
    let file = try directory.writeRandom("file", count: Self.size)
    try evict(file)
    let descriptor = try FileDescriptor.open(file, .readOnly, options: [.closeOnExec])
    let memory = mmap(nil, Self.size, PROT_READ, MAP_SHARED, descriptor.rawValue, 0)
    try descriptor.close()
    let mapped = try #require(memory != MAP_FAILED ? memory : nil)
    defer { munmap(mapped, Self.size) }
    var sum = 0
    for page in 0..<Self.pages {
      sum += Int(mapped.load(fromByteOffset: page * 4096, as: UInt8.self))
    }
    #expect(sum > 0)
    let result = try runXio(["cache", "evict", file])
    expectMessage(result, "pages stayed: mapped by process \(getpid()) (")
    #expect(try Residency(of: file).residentPages > 0)
  }

  @Test func nobodyIsToldWhatTheKernelKeepsToItself() throws {
    try requireRoot(to: "become another user")
    let directory = try TestDirectory(on: .ext4)
    try setPermissions(directory.path, 0o755)
    let file = try directory.writeRandom("file", count: Self.size)
    let secret = try directory.writeRandom("secret", count: Self.size)
    try setPermissions(secret, 0o600)
    func asNobody(_ arguments: String...) throws -> ProgramResult {
      var program = TestProgram(
        try findTool("setpriv"),
        ["--reuid=65534", "--regid=65534", "--clear-groups", try locateXio(), "cache"] + arguments)
      program.workingDirectory = directory.path
      return try program.run()
    }
    let shown = try asNobody("show", "--json", "file")
    expectMessage(shown, "what is in the page cache cannot be known")
    #expect(shown.errorText.contains("hint: "), "\(shown)")
    let lines = try CacheLines(shown)
    let isNull = try lines.pages(0)["resident_pages"] is NSNull
    #expect(isNull, "\(shown)")
    let reasons = try #require(lines.files[0]["unknown"] as? [String: String])
    #expect(reasons["now.resident_pages"]?.contains("not permitted") == true, "\(reasons)")
    let table = try asNobody("show", "file")
    #expect(table.outputText.contains(" ? "), "\(table)")
    // Reading is allowed, and so is evicting what one may read; but nobody can tell what came of it.
    #expect(try asNobody("warm", "file").status == 0)
    #expect(try Residency(of: file).residentPages == Self.pages)
    #expect(try asNobody("evict", "file").status == 1)
    #expect(try Residency(of: file).residentPages == 0)
    expectMessage(try asNobody("show", "secret"), "cannot open 'secret' for reading")
  }

  /// The schema finds what does not fit.
  @Test func theSchemaCanFail() throws {
    let directory = try TestDirectory(on: .ext4)
    let line = try #require(
      try cache(["show", try directory.write("file", "text".utf8)]).files.first)
    let schema = try JSONSchema.documented("cache")
    #expect(schema.problems(of: line).isEmpty)
    for (name, value) in [
      ("version", 2), ("action", "other"), ("bytes", NSNull()), ("now", [String: Int]()),
      ("another", 1), ("kind", "total"),
    ] as [(String, Any)] {
      #expect(!schema.problems(of: line.merging([name: value]) { $1 }).isEmpty, "\(name)")
    }
  }

  @Test func aProblemWithOneFileIsNoneOfTheOthers() throws {
    let directory = try TestDirectory(on: .ext4)
    let file = try directory.writeRandom("file", count: Self.size)
    try directory.makeDirectory("folder")
    let fifo = try directory.makeFIFO("fifo")
    for (other, message) in [
      (directory.path(of: "missing"), "No such file"), (directory.path(of: "folder"), "-r"),
      (fifo, "no pages of its own"),
    ] {
      let result = try runXio(["cache", "--json", "show", other, file])
      #expect(result.status == 1 && result.errorText.contains(message), "\(result)")
      #expect(try CacheLines(result).resident(0) == Self.pages)
    }
  }

  @Test func treesAreGoneThrough() throws {
    let directory = try TestDirectory(on: .ext4)
    try directory.makeDirectory("tree")
    // Deeper than there are directories open.
    var path = "tree"
    for level in 0..<150 {
      path += "/d"
      try directory.makeDirectory(path)
      try directory.write("\(path)/file", [UInt8](repeating: 1, count: level % 50 == 0 ? 5000 : 1))
    }
    for number in 0..<2000 { try directory.write("tree/\(number)", [1]) }
    let name = Array("tree/".utf8) + [0xFF]
    try directory.write(name, [1])
    _ = try directory.makeLink("tree/link", to: directory.path(of: "tree/1"))
    _ = try directory.makeLink("tree/up", to: directory.path)
    _ = try directory.makeHardLink("tree/second", to: directory.path(of: "tree/2"))
    _ = try directory.makeFIFO("tree/fifo")
    let tree = directory.path(of: "tree")
    let lines = try cache(["show", "-r", tree])
    #expect(lines.files.count == 150 + 2000 + 2)
    #expect(lines.total["files"] as? Int == 150 + 2000 + 1, "a file with two names is one file")
    #expect((lines.total["now"] as? [String: Any])?["resident_pages"] as? Int == 2151 + 3)
    let bytes = lines.files.compactMap { ($0["file"] as? [String: String])?["bytes"] }
    #expect(bytes == [Data(tree.rawBytes + [UInt8(ascii: "/"), 0xFF]).base64EncodedString()])
    let evicted = try cache(["evict", "-r", tree])
    #expect((evicted.total["now"] as? [String: Any])?["resident_pages"] as? Int == 0)
    let warmed = try cache(["warm", "--recursive", "--engine", "epoll", tree])
    #expect((warmed.total["now"] as? [String: Any])?["resident_pages"] as? Int == 2151 + 3)
  }

  @Test func saysThatItEvictsForEverybody() throws {
    let directory = try TestDirectory(on: .ext4)
    let file = try directory.writeRandom("file", count: 8192)
    let log = directory.path(of: "calls")
    let result = try runXio(
      ["cache", "evict", file],
      strace: ["-qq", "-o", log.string, "-e", "trace=fdatasync,fadvise64"])
    let calls = String(decoding: try readFile(log), as: UTF8.self).split(separator: "\n")
      .map { $0.prefix { $0 != "(" } }.filter { $0.hasPrefix("f") }
    #expect(calls.first == "fdatasync" && calls.dropFirst().first == "fadvise64", "\(calls)")
    #expect(
      result.outputText.contains("evicted 8.00 KiB for every process of the machine"), "\(result)")
    expectMessage(try runXio(["cache", "show", "--engine", "poll", file]), "go with warm")
    expectMessage(try runXio(["cache", "evit", file]), "invalid argument 'evit'")
    expectMessage(try runXio(["cache", "show"]), "missing file operand")
  }
}
