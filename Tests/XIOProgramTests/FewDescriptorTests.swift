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

  @Test(arguments: [40, 64], ["-f", "-F", "---disable-inotify -f"])
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
}
