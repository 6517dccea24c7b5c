import Foundation
import SystemPackage
import Testing
import XIOTestSupport

/// Names are bytes: they are shown with care and used as they are.
@Suite struct NameTests {
  private static let names: [(bytes: [UInt8], shown: String)] = [
    (Array("a b".utf8), "'/a b'"),
    (Array("it's".utf8), "\"/it's\""),
    (Array("say \"it's\"".utf8), "'/say \"it'\\''s\"'"),
    (Array("two\nlines".utf8), "'/two'$'\\n''lines'"),
    (Array("bell\u{7}\u{1b}[31m".utf8), "'/bell'$'\\a\\033''[31m'"),
    ([0x61, 0xff, 0xfe, 0x62], "'/a'$'\\377\\376''b'"),
    (Array("é".utf8), "'/é'"),
    (Array("-dash".utf8), "'/-dash'"),
    (Array("\u{202e}evil".utf8), "'/'$'\\342\\200\\256''evil'"),
    (Array("$HOME".utf8), "'/$HOME'"),
  ]

  @Test(arguments: names)
  func showsNamesThatTheShellWouldRead(_ name: (bytes: [UInt8], shown: String)) throws {
    let result = try runXio(["copy", Array("/".utf8) + name.bytes, "/dev/null"])
    expectMessage(result, "xio copy: cannot stat \(name.shown): No such file or directory")
  }

  @Test(arguments: names)
  func copiesFilesOfThatName(_ name: (bytes: [UInt8], shown: String)) throws {
    let directory = try TestDirectory(on: .ext4)
    let below = try directory.makeDirectory("below")
    let source = try directory.write(name.bytes, "text".utf8)
    let file = directory.path(of: "report")
    let result = try runXio(
      ["copy", "--report=json", "--report-to", file, source, below] as [any ByteString])
    expectQuietSuccess(result)
    let copied = FilePath(rawBytes: below.rawBytes + Array("/".utf8) + name.bytes)
    #expect(try readFile(copied) == Array("text".utf8))
    let job = try JSONReport(try directory.read("report")).object("job")
    try expectName(source, in: (job["sources"] as? [Any])?.first)
    try expectName(copied, in: job["target"])
    let relative =
      name.bytes.first == UInt8(ascii: "-") ? Array("./".utf8) + name.bytes : name.bytes
    let shown = try runXio(["cat", relative], workingDirectory: directory.path)
    #expect(shown.outputText == "text", "\(shown)")
  }

  @Test func takesDashesAfterTheTerminator() throws {
    let directory = try TestDirectory()
    try directory.write("-dash", "text".utf8)
    let shown = try runXio(["cat", "--", "-dash"], workingDirectory: directory.path)
    expectQuietSuccess(shown)
    #expect(shown.outputText == "text")
  }

  @Test func saysItsMessagesOnOneLineWhateverTheOption() throws {
    let result = try runXio(["copy", "--engine", "new\nline", "a", "b"])
    expectMessage(result, "xio copy: ")
    expectMessage(try runXio(["copy", [0x2d, 0x2d, 0xff, 0x0a, 0x61], "a", "b"]), "xio copy: ")
  }

  private func expectName(_ path: FilePath, in value: Any?) throws {
    if String(validating: path.rawBytes, as: UTF8.self) != nil {
      #expect(value as? String == path.string)
    } else {
      let object = try #require(value as? [String: String])
      #expect(object == ["bytes": Data(path.rawBytes).base64EncodedString()])
    }
  }
}
