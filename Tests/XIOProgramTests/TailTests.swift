import SystemPackage
import Testing
import XIOTestSupport

/// What `tail` prints of files, beside GNU's.
@Suite struct TailTests {
  private static let starts = ["-n", "-c"].flatMap { unit in
    [
      "0", "1", "3", "10", "4096", "16385", "99999999", "18446744073709551615", "+0", "+1", "+2",
      "+500", "+16385", "+99999999",
    ].map { [unit, $0] }
  }

  @Test(arguments: Array(TailFile.all.enumerated()))
  func printsWhatGNUPrints(_ number: Int, _ file: TailFile) throws {
    let comparison = try GNUComparison("tail")
    let path = try comparison.directory.write("file", file.bytes)
    for (index, start) in Self.starts.enumerated() {
      // Each file and each way to it meets each start, and each file comes in each way.
      for way in 0..<3 where runsFullSize || (number + index) % 3 == way {
        switch way {
        case 0: try comparison.expectSame(start + ["file"])
        case 1: try comparison.expectSame(start, input: .file(path))
        default: try comparison.expectSame(start, input: .bytes(file.bytes))
        }
      }
    }
    try comparison.expectSame([], input: .file(path))
    for start in [["-n", "2"], ["-n", "+3"], ["-n", "400"]] {
      try comparison.expectSame(["-z"] + start + ["file"])
      try comparison.expectSame(["-z"] + start, input: .bytes(file.bytes))
    }
  }

  private static let engineStarts = [
    "-n 3", "-n 20000", "-c 5", "-c 900001", "-n +2", "-c +70000",
  ]

  @Test(arguments: Array(EngineVariant.all.enumerated()))
  func printsTheSameThroughEveryEngine(_ number: Int, _ variant: EngineVariant) throws {
    for (place, file) in TailFile.few.enumerated() {
      let comparison = try GNUComparison("tail")
      try comparison.directory.write("file", file.bytes)
      // Each engine meets each file and each start, and each file each start.
      for (index, start) in Self.engineStarts.enumerated()
      where runsFullSize || (number + index) % TailFile.few.count == place {
        // To a pipe, to a file and to the end of one, from a file, from a stream, and from its middle.
        try comparison.expectSame(
          script: """
            $TAIL \(start) file | cat
            $TAIL \(start) file > out; cat out
            cat file | $TAIL \(start) > out; cat out
            cat file | $TAIL \(start) | cat
            (dd bs=1 count=3 status=none > head; $TAIL \(start) > out) < file; cat out
            """, variant.options)
      }
    }
  }

  @Test(arguments: EngineVariant.throughMemory)
  func appends(_ variant: EngineVariant) throws {
    let comparison = try GNUComparison("tail")
    try comparison.directory.write("file", TailFile.lines(3 << 20, ends: true).bytes)
    try comparison.expectSame(
      script: """
        echo before > out
        (echo a; $TAIL -n 20000 file; $TAIL -n 2 file; $TAIL -c 500000 file; echo b) >> out
        cat out
        """, variant.options)
  }

  @Test(arguments: CacheModeName.allCases)
  func keepsToTheCacheMode(_ mode: CacheModeName) throws {
    let directory = try TestDirectory(on: .ext4)
    let file = TailFile.lines(3 << 20, ends: true)
    let path = try directory.write("file", file.bytes)
    for engine in [[], ["--engine", "libaio"]] {
      for count in [1, 4096, 5000, 1_000_001, 9_999_999] {
        let result = try runXio(
          ["tail"] + mode.options + engine + ["-c", "\(count)", path] as [any ByteString])
        expectQuietSuccess(result)
        let isRight = isSame(result.output, Array(file.bytes.suffix(count)))
        #expect(isRight, "\(result.command)")
      }
    }
  }

  @Test func leavesStandardInputWhereGNUDoes() throws {
    let comparison = try GNUComparison("tail")
    try comparison.directory.write("file", TailFile.lines(300_000, ends: false).bytes)
    try comparison.directory.write("short", TailFile.lines(300, ends: true).bytes)
    for file in ["file", "short"] {
      for start in ["-n 3", "-n 99999", "-c 7", "-c 250000", "-n +3", "-c +12", "-c +999999"] {
        for offset in [0, 5, 200, 400_000] {
          try comparison.expectSame(
            script: """
              (perl -e 'sysseek STDIN, \(offset), 0'; $TAIL \(start)
               perl -e 'print "at ", sysseek(STDIN, 0, 1), "\\n"') < \(file)
              """)
        }
      }
    }
  }

  @Test func namesSeveralFiles() throws {
    let comparison = try GNUComparison("tail")
    try comparison.directory.write("a", "1\n2\n3\n".utf8)
    try comparison.directory.write("b", "open end".utf8)
    try comparison.directory.write("c", TailFile.lines(1 << 20, ends: true).bytes)
    try comparison.directory.makeDirectory("d")
    for start in [["-n", "2"], ["-c", "300000"], ["-n", "+2"], ["-c", "+2"], ["-n", "0"]] {
      for files in [
        ["a", "b", "c", "a"], ["c", "-", "b"], ["missing", "a"], ["a", "missing"], ["-", "-"],
        ["a", "d", "b"], ["d"], ["missing"], [""],
      ] {
        for headers in [[], ["-q"], ["-v"]] {
          try comparison.expectSame(headers + start + files, input: .bytes(Array("x\ny\n".utf8)))
        }
      }
    }
    try comparison.expectSame(["-n", "2"], input: .file(comparison.directory.path))
  }

  @Test func printsFilesWhoseSizeSaysNothing() throws {
    let comparison = try GNUComparison("tail")
    let setting = "/sys/kernel/mm/transparent_hugepage/enabled"
    for start in [["-n", "2"], ["-c", "5"], ["-n", "+2"], ["-c", "+5"], ["-n", "100000"]] {
      for file in ["/proc/version", "/proc/filesystems", "/proc/kallsyms", setting, "/dev/null"] {
        try comparison.expectSame(start + [file])
      }
    }
  }

  @Test func endsThoughTheFileGrows() throws {
    let directory = try TestDirectory()
    let file = TailFile.lines(1 << 20, ends: true)
    let path = try directory.write("file", file.bytes)
    try directory.write("more", file.bytes.prefix(65536))
    for start in ["-n +1", "-c +1", "-n 99999999"] {
      var shell = TestProgram(
        "/bin/bash",
        [
          "-c",
          """
          (while :; do cat more >> file; done) & writer=$!
          while test $(stat -c %s file) -le $SIZE; do :; done
          $PROGRAM tail \(start) file > /dev/null; status=$?
          kill $writer && exit $status
          """,
        ])
      shell.environment = ["PROGRAM": try locateXio().string, "SIZE": "\(try fileSize(path))"]
      shell.workingDirectory = directory.path
      expectQuietSuccess(try shell.run())
    }
  }
}
