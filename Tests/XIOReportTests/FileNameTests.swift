import Foundation
import SystemPackage
import Testing
import XIOTestSupport

@testable import XIOReport

/// A name in a report comes back as the bytes it was.
@Suite struct FileNameTests {
  @Test(arguments: ["a", "a b/c", "\u{E9}", "\u{1F600}", "\"\\\n", "-", "\u{F780}"])
  func textIsAString(_ name: String) throws {
    let encoded = try JSONEncoder().encode([FileName(FilePath(name))])
    #expect(try JSONDecoder().decode([String].self, from: encoded) == [name])
    #expect(FileName(FilePath(name)).text == name)
  }

  @Test(arguments: [[0xFF], [0x61, 0x80, 0x62], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82]])
  func otherBytesAreBase64(_ bytes: [UInt8]) throws {
    let name = FileName(FilePath(rawBytes: bytes))
    let encoded = try JSONEncoder().encode(name)
    let object = try JSONDecoder().decode([String: String].self, from: encoded)
    #expect(Array(object.keys) == ["bytes"])
    #expect(try Array(#require(Data(base64Encoded: object["bytes"] ?? ""))) == bytes)
    #expect(name.text.contains("\u{FFFD}"))
  }
}
