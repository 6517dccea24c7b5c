import SystemPackage
import Testing
import XIOTestSupport

/// The memory that `cat` takes, however much goes through it.
@Suite(.serialized) struct CatMemoryTests {
  @Test(
    arguments: [
      "$XIO big | cat", "cat big | $XIO | cat", "$XIO big > /dev/null", "cat big | $XIO > out",
      "$XIO -n big | cat", "$XIO -A big | head -c 3G", "cat lines | $XIO -bE | cat",
      "$XIO big > out",
    ])
  func staysInEightMebibytes(_ script: String) throws {
    let directory = try TestDirectory()
    let prepared =
      script.contains("lines") ? "yes 'some text' | head -c 300M > lines" : "truncate -s 1G big"
    var shell = TestProgram(
      "/bin/bash", ["-c", "\(prepared); set -o pipefail; \(script) > /dev/null"])
    let launcher = try testBundleDirectory().appending("xio-launcher")
    shell.environment = [
      "XIO": "\(launcher) --peak-memory \(directory.path(of: "peak")) -- \(try locateXio()) cat"
    ]
    shell.workingDirectory = directory.path
    let result = try shell.run()
    #expect(result.status == 0 || script.contains("head"), "\(result)")
    let text = String(decoding: try directory.read("peak"), as: UTF8.self)
    let kibibytes = try #require(Int(text.filter(\.isNumber)), "\(text)")
    #expect(kibibytes <= 8 << 10, "\(kibibytes) KiB")
  }
}
