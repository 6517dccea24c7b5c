import SystemPackage
import Testing
import XIOSystem
import XIOTestSupport

@testable import XIOFanin

/// Sources as they are named.
@Suite struct SourceSpecificationTests {
  @Test(arguments: [
    ("-", SourceSpecification.descriptor(0)), ("fd:7", .descriptor(7)),
    ("cmd:a b:c", .command(Array("a b:c".utf8))), ("dir/file", .path("dir/file")),
    ("odd:name", .path("odd:name")), ("file:unix:x", .path("unix:x")),
    ("unix:/run/x", .connect(.stream, .unix("/run/x"))),
    ("unix-dgram-listen:x", .listen(.datagram, .unix("x"))),
    ("seqpacket:x", .connect(.seqpacket, .unix("x"))),
    ("tcp:host:80", .connect(.stream, .internet(host: "host", port: "80"))),
    ("tcp:[::1]:80", .connect(.stream, .internet(host: "::1", port: "80"))),
    ("tcp-listen:80", .listen(.stream, .internet(host: nil, port: "80"))),
    ("udp-listen:0.0.0.0:80", .listen(.datagram, .internet(host: "0.0.0.0", port: "80"))),
    ("logs/*.log", .glob(Array("logs/*.log".utf8))),
  ]) func understands(_ text: String, _ expected: SourceSpecification) throws {
    #expect(try SourceSpecification(Array(text.utf8)) == expected)
  }

  @Test func aFileWithSignsInItsNameIsAFile() throws {
    let directory = try TestDirectory()
    let file = try directory.write("a[1]", "".utf8)
    #expect(try SourceSpecification(file.rawBytes) == .path(file))
  }

  @Test func patternsFindNamesAtAnyDepth() throws {
    let directory = try TestDirectory()
    let inner = try directory.makeDirectory("x")
    for name in ["a.log", "b.log", "b.txt", ".hidden.log"] { try directory.write(name, "".utf8) }
    let deep = inner.appending("c.log")
    try FileDescriptor.open(deep, .writeOnly, options: [.create], permissions: [.ownerRead]).close()
    func find(_ pattern: String) -> [String] {
      GlobPattern(directory.path.rawBytes + Array("/\(pattern)".utf8)).find().files.map {
        String(decoding: $0.dropFirst(directory.path.length + 1), as: UTF8.self)
      }.sorted()
    }
    #expect(find("*.log") == ["a.log", "b.log"])
    #expect(find("[b-z].*") == ["b.log", "b.txt"])
    #expect(find("**/*.log") == ["a.log", "b.log", "x/c.log"])
    #expect(find("*/?.log") == ["x/c.log"])
    #expect(find("nothing*") == [])
  }
}
