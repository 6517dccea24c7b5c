import SystemPackage
import Testing
import XIOTestSupport

/// Following with fewer descriptors than files.
@Suite struct FewDescriptorTests {
  private static let count = 70

  private func append(_ text: String, to file: FilePath) throws {
    let descriptor = try FileDescriptor.open(file, .writeOnly, options: .append)
    _ = try descriptor.closeAfter { try descriptor.writeAll(text.utf8) }
  }

  @Test(arguments: [16, 24, 40, 64], ["-f", "-F", "---disable-inotify -f"])
  func allFilesAreFollowed(_ limit: Int, _ options: String) throws {
    let directory = try TestDirectory(on: .tmpfs)
    let files = try (0..<Self.count).map { number in
      try directory.write("file\(number)", "old\(number)\nlast\(number)\n".utf8)
    }
    let follower = try Follower(
      options.split(separator: " ").map(String.init) + ["-q", "-n", "1", "-s", "0.05"] + files
        as [any ByteString], launcher: ["--rlimit", "nofile=\(limit)"])
    var expected = (0..<Self.count).map { "last\($0)\n" }.joined()
    try follower.expect(expected.utf8.count)
    for number in [0, 69, 33, 0] {
      let text = "new\(number)\n"
      try append(text, to: files[number])
      expected += text
      try follower.expect(expected.utf8.count)
    }
    let result = try follower.finish()
    #expect(result.outputText == expected, "\(result.errorText)")
    #expect(
      result.errorText == "xio tail: there are not enough descriptors: some files are opened only "
        + "when they have changed\nhint: raise the limit of open files (ulimit -n)\n")
  }

  @Test(arguments: followingEngines) func someDescriptorsAreEnoughForSomeFiles(_ engine: String)
    throws
  {
    let directory = try TestDirectory(on: .tmpfs)
    let files = try (0..<5).map { try directory.write("file\($0)", "\($0)\n".utf8) }
    let follower = try Follower(
      ["-f", "-q", "--engine", engine] + files as [any ByteString],
      launcher: ["--rlimit", "nofile=40"])
    try follower.expect(10)
    try append("more\n", to: files[4])
    try follower.expect(15)
    let result = try follower.finish()
    #expect(result.outputText == "0\n1\n2\n3\n4\nmore\n" && result.errorOutput.isEmpty, "\(result)")
  }

  /// Whatever a file is called by then, what is appended to it is printed.
  @Test(arguments: followingEngines, [16, 24, 64])
  func renamedFilesAreFollowed(_ engine: String, _ limit: Int) throws {
    for option in ["-f", "-F"] {
      let directory = try TestDirectory(on: .tmpfs)
      let count = limit + 6
      let files = try (0..<count).map { try directory.write("file\($0)", "\($0)\n".utf8) }
      let follower = try Follower(
        [option, "-q", "-s", "0.05", "--engine", engine] + files as [any ByteString],
        launcher: ["--rlimit", "nofile=\(limit)"])
      var expected = (0..<count).map { "\($0)\n" }.joined()
      func expect(_ text: String) throws {
        expected += text
        try follower.expect(expected.utf8.count)
      }
      try expect("")
      for number in [0, count - 1] {
        let writer = try FileDescriptor.open(files[number], .writeOnly, options: .append)
        defer { try? writer.close() }
        try move(files[number], to: FilePath("\(files[number]).old"))
        try writer.writeAll("renamed\(number)\n".utf8)
        try expect("renamed\(number)\n")
        if option == "-F" {
          try directory.write("file\(number)", "new\(number)\n".utf8)
          try expect("new\(number)\n")
        }
        try writer.writeAll("later\(number)\n".utf8)
        try expect("later\(number)\n")
      }
      let result = try follower.finish()
      #expect(result.outputText == expected, "\(option): \(result.errorText)")
      #expect(result.errorText.contains("there are not enough descriptors"), "\(result)")
      #expect(!result.errorText.contains("gone before"), "\(result)")
    }
  }

  /// A file that no name leads to any more cannot be opened again, which is told.
  @Test func aRemovedFileThatWasClosedIsTold() throws {
    let directory = try TestDirectory(on: .tmpfs)
    let files = try (0..<30).map { try directory.write("file\($0)", "\($0)\n".utf8) }
    let follower = try Follower(
      ["-f", "-q", "-s", "0.05"] + files as [any ByteString],
      launcher: ["--rlimit", "nofile=16"])
    try follower.expect(80)
    try remove(files[0])
    try follower.expect(saying: "\(files[0]): 1 file was gone before it could be read")
    try append("more\n", to: files[29])
    try follower.expect(85)
    try follower.finish()
  }
}
