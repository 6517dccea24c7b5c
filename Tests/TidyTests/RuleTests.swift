import Testing

/// Each rule finds what it forbids and leaves alone what only looks like it.
@Suite struct RuleTests {
  private let source = "Sources/XIOCopy/Copy.swift"

  @Test func longFilesAreFound() {
    let lines = String(repeating: "// line\n", count: 500)
    #expect(checkFileLength(SourceFile(source, lines)).isEmpty)
    #expect(checkFileLength(SourceFile(source, lines + "\n")).map(\.line) == [501])
  }

  @Test func longFunctionsAreFound() {
    func function(_ count: Int) -> String {
      "struct A {\n  func long(_ f: () -> Int = { 1 }) {\n"
        + String(repeating: "    work(\"}\") // }\n", count: count - 2) + "  }\n}\n"
    }
    #expect(checkFunctionLength(SourceFile(source, function(70))).isEmpty)
    let found = checkFunctionLength(SourceFile(source, function(71)))
    #expect(found.map(\.line) == [2])
    #expect(found.first?.message.contains("long has 71 lines") == true)
  }

  @Test func requirementsOfProtocolsHaveNoBody() {
    let text =
      "protocol A {\n  func a()\n  func b() -> Int\n}\nextension A {"
      + String(repeating: "\n", count: 80) + "}\n"
    #expect(checkFunctionLength(SourceFile(source, text)).isEmpty)
  }

  @Test(arguments: ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"])
  func markersAreFound(_ marker: String) {
    #expect(checkMarkers(SourceFile(source, "let a = 1\n// \(marker): later\n")).map(\.line) == [2])
    #expect(checkMarkers(SourceFile(source, "let a\(marker)b = 1\n")).isEmpty)
  }

  @Test func badWhitespaceIsFound() {
    #expect(checkWhitespace(SourceFile(source, "let a = 1 \n\tlet b = 2\n")).map(\.line) == [1, 2])
    #expect(checkWhitespace(SourceFile("Makefile", "all:\n\tmake\n")).isEmpty)
  }

  @Test(
    arguments: [
      "try! f()", "a as! Int", "fatalError()", "print(1)", "Swift.print(1)", "exit(1)",
      "Glibc.exit(1)", #""\(try! f())""#,
    ])
  func bannedCallsAreFound(_ code: String) {
    let found = checkCalls(SourceFile(source, "func f() {\n  \(code)\n}\n"))
    #expect(found.map(\.line) == [2])
    #expect(found.first?.message.contains(": ") == true)
  }

  @Test(
    arguments: [
      "try f()", "a as? Int", "// print(1)", #"f("exit(1)")"#, ##"f(#"print(1)"#)"##,
      "func print() {}",
      "_exit(1)", "report.print(1)", "try !f()",
      #"""
      f("""
        print(1)
        """)
      """#,
    ])
  func otherCallsAreLeftAlone(_ code: String) {
    #expect(checkCalls(SourceFile(source, code)).isEmpty)
  }

  @Test func theProgramMayEndTheProcess() {
    #expect(checkCalls(SourceFile("Sources/XIOCommands/Program.swift", "exit(1)")).isEmpty)
    #expect(checkCalls(SourceFile("Tests/XIOCopyTests/A.swift", "print(1)")).isEmpty)
  }

  @Test(arguments: ["sleep(1)", "usleep(1)", "Task.sleep(for: .seconds(1))"])
  func sleepingTestsAreFound(_ code: String) {
    #expect(checkCalls(SourceFile("Tests/XIOCopyTests/A.swift", code)).count == 1)
    #expect(checkCalls(SourceFile("Tests/XIOTestSupport/Eventually.swift", code)).isEmpty)
  }

  @Test(
    arguments: [
      "reap(atLeast: 1, deadline: nil)", "wait(timeout: nil)", "pthread_join(thread, nil)",
      "wait4(process, &status, 0, nil)", "try FileDescriptor.pipe()",
    ])
  func endlessWaitsAreFound(_ code: String) {
    #expect(checkCalls(SourceFile("Tests/XIOEnginesTests/A.swift", code)).count == 1)
    #expect(checkCalls(SourceFile("Tests/XIOTestSupport/Attendance.swift", code)).isEmpty)
    #expect(checkCalls(SourceFile("Sources/XIOEngines/A.swift", code)).isEmpty)
  }

  @Test(arguments: ["wait(timeout: .none)", "let deadline = nil as Int?", "timeout: nilValue"])
  func limitsAreLeftAlone(_ code: String) {
    #expect(checkCalls(SourceFile("Tests/XIOEnginesTests/A.swift", code)).isEmpty)
  }

  @Test(
    arguments: [
      ("XIOSystem", "import XIOEngines"), ("XIOEngines", "public import XIOReport"),
      ("XIOCopy", "import XIOCat"), ("XIOReport", "import struct XIOCopy.Job"),
      ("XIOCat", "import ArgumentParser"), ("XIOCommands", "import Foundation"),
      ("XIOSystem", "import FoundationEssentials"), ("Unknown", "import CXIO"),
    ])
  func importsUpwardsAreFound(_ module: String, _ line: String) {
    let file = SourceFile("Sources/\(module)/A.swift", "import Glibc\n\(line)\n")
    #expect(checkImports(file).map(\.line) == [2])
  }

  @Test(
    arguments: [
      ("XIOSystem", "import CXIO"), ("XIOCommands", "import XIOCopy"),
      ("xio", "import XIOCommands"),
      ("XIOReport", "import FoundationEssentials"), ("XIOCommands", "public import ArgumentParser"),
      ("XIOCopy", "// import XIOCat"),
    ])
  func importsDownwardsAreLeftAlone(_ module: String, _ line: String) {
    #expect(checkImports(SourceFile("Sources/\(module)/A.swift", line)).isEmpty)
  }
}
