import SystemPackage
import Testing

@testable import XIOReport

/// The report as text.
@Suite struct TextTests {
  @Test(arguments: SampleReport.all) func fitsIntoEightyColumns(_ sample: SampleReport) {
    let text = sample.make().text()
    #expect(text.hasSuffix("\n"))
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      #expect(line.count <= 80, "\(line)")
      #expect(!line.hasSuffix(" "), "\(line)")
    }
  }

  @Test func controlCharactersDoNotReachATerminal() throws {
    let file = SampleReport.file(.source, "page", known: true, path: "a\u{1B}[31m\u{7F}\rb")
    let text = SampleReport(testDescription: "", files: [file]).make().text()
    #expect(text.contains("a?[31m??b"))
    #expect(text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 || $0 == "\n" })
  }

  @Test(
    arguments: [
      (0, "0 B"), (1, "1 B"), (999, "999 B"), (1000, "1000 B"), (1023, "1023 B"),
      (1024, "1.00 KiB"), (1536, "1.50 KiB"), (10_235, "10.0 KiB"), (102_399, "100 KiB"),
      (1_047_552, "1023 KiB"), (1_048_575, "1.00 MiB"), (1 << 20, "1.00 MiB"),
      (1 << 40, "1.00 TiB"), (1 << 60, "1048576 TiB"), (.max, "16777216 TiB"),
    ] as [(UInt64, String)])
  func sizes(_ bytes: UInt64, _ text: String) {
    #expect(Units.size(bytes) == text)
  }

  @Test(
    arguments: [
      (0, "0 ns"), (999, "999 ns"), (1000, "1.00 µs"), (1234, "1.23 µs"), (9_996, "10.0 µs"),
      (99_960, "100 µs"), (999_499, "999 µs"), (999_500, "1.00 ms"), (1_000_000_000, "1.00 s"),
      (59_940_000_000, "59.9 s"), (.max, "9223372037 s"),
    ] as [(Int64, String)])
  func times(_ nanoseconds: Int64, _ text: String) {
    #expect(Units.time(nanoseconds) == text)
  }

  @Test(
    arguments: [
      (0, 1, "0 B/s"), (1, 0, "0 B/s"), (1, 1_000_000_000, "1 B/s"),
      (1 << 20, 1_000_000_000, "1.00 MiB/s"),
      (.max, 1, "8388608000000000 TiB/s"),
    ] as [(Int64, Int64, String)])
  func speeds(_ bytes: Int64, _ nanoseconds: Int64, _ text: String) {
    #expect(Units.speed(bytes, in: nanoseconds) == text)
  }
}
