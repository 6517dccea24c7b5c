import SystemPackage
import Testing
import XIOTestSupport

/// Several inputs, and streams that others use before and after.
@Suite struct CatTests {
  /// Runs a script in which `$XIO` is the program and `$ENGINE` its options.
  private func runScript(
    _ script: String, _ variant: EngineVariant, in directory: TestDirectory
  ) throws -> ProgramResult {
    var shell = TestProgram("/bin/bash", ["-c", script])
    shell.environment = [
      "PROGRAM": try locateXio().string, "ENGINE": variant.options.joined(separator: " "),
    ]
    shell.workingDirectory = directory.path
    return try shell.run()
  }

  @Test(arguments: EngineVariant.all)
  func joinsItsInputs(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    let first = try directory.writeRandom("first", count: 300_001, seed: 1)
    let second = try directory.writeRandom("second", count: 70_000, seed: 2)
    let empty = try directory.write("empty", [])
    let result = try runXio(
      ["cat"] + variant.options + [first, "-", empty, second, "-", first] as [any ByteString],
      input: .bytes(Array("typed".utf8)))
    expectQuietSuccess(result)
    let (one, two) = (try directory.read("first"), try directory.read("second"))
    #expect(result.output == one + Array("typed".utf8) + two + one)
  }

  @Test(arguments: EngineVariant.all)
  func goesOnAfterAMissingInput(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    let first = try directory.write("first", "one".utf8)
    let second = try directory.write("second", "two".utf8)
    let missing = directory.path(of: "missing")
    for bad in [missing, directory.path] {
      let result = try runXio(["cat"] + variant.options + [first, bad, second])
      expectMessage(result, "xio cat: \(bad): ")
      #expect(result.outputText == "onetwo")
    }
  }

  @Test(arguments: EngineVariant.all)
  func sharesTheOffsetOfItsInput(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    try directory.writeRandom("file", count: 600_000)
    let result = try runScript(
      """
      set -e
      ( head -c 1000 > head; $PROGRAM cat $ENGINE > middle; cat > rest ) < file
      cat head middle rest | cmp - file
      test ! -s rest
      """, variant, in: directory)
    expectQuietSuccess(result)
  }

  @Test(arguments: EngineVariant.all)
  func sharesTheOffsetOfItsOutput(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    try directory.writeRandom("file", count: 600_000)
    let result = try runScript(
      """
      set -e
      ( echo a; $PROGRAM cat $ENGINE file; echo b; cat file | $PROGRAM cat $ENGINE; echo c ) > out
      ( echo a; cat file; echo b; cat file; echo c ) | cmp - out
      """, variant, in: directory)
    expectQuietSuccess(result)
  }

  @Test(arguments: EngineVariant.throughMemory)
  func appends(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    try directory.writeRandom("file", count: 600_000)
    let result = try runScript(
      """
      set -e
      echo before > out
      ( echo a; $PROGRAM cat $ENGINE file; echo b; cat file | $PROGRAM cat $ENGINE; echo c ) >> out
      ( echo before; echo a; cat file; echo b; cat file; echo c ) | cmp - out
      """, variant, in: directory)
    expectQuietSuccess(result)
  }

  @Test func saysThatTheKernelDoesNotAppend() throws {
    let directory = try TestDirectory(on: .ext4)
    try directory.write("file", "text".utf8)
    let result = try runScript(
      "echo before > out; $PROGRAM cat $ENGINE file >> out", .kernel, in: directory)
    expectMessage(result, "xio cat: ", "file", "standard output")
    #expect(try directory.read("out") == Array("before\n".utf8))
  }

  @Test(arguments: EngineVariant.all)
  func refusesToFeedItself(_ variant: EngineVariant) throws {
    let directory = try TestDirectory(on: .ext4)
    try directory.write("file", "text\n".utf8)
    for script in [
      "$PROGRAM cat $ENGINE file >> file", "$PROGRAM cat $ENGINE < file >> file",
      "(echo text; $PROGRAM cat $ENGINE file) 1<> file",
    ] {
      expectMessage(try runScript(script, variant, in: directory), "input file is output file")
    }
    #expect(try directory.read("file") == Array("text\n".utf8))
  }
}
