import SystemPackage
import Testing
import XIOTestSupport

/// Byte for byte what GNU's cat prints.
@Suite struct CatGNUTests {
  private static let letters = Array("AbeEnstTuv")

  private func comparison() throws -> GNUComparison {
    let comparison = try GNUComparison("cat")
    try CatCorpus.write(into: comparison.directory)
    return comparison
  }

  /// A set of options, each one of a number's bits.
  private func options(_ set: Int) -> [String] {
    let letters = Self.letters.enumerated().filter { set & 1 << $0.offset != 0 }.map(\.element)
    return letters.isEmpty ? [] : ["-" + String(letters)]
  }

  /// Every set of options, each on one to five files.
  @Test(arguments: 0..<8)
  func printsWhatGNUPrints(_ part: Int) throws {
    let comparison = try comparison()
    var random = FixedRandom(seed: UInt64(part))
    let names = CatCorpus.files.map(\.name)
    for set in 0..<1 << Self.letters.count where set % 8 == part {
      let files = (0..<Int.random(in: 1...5, using: &random)).map { _ in
        names.randomElement(using: &random) ?? "text"
      }
      try comparison.expectSame(options(set) + files)
    }
  }

  /// Every file, as blocks of any size.
  @Test(arguments: CatCorpus.files.map(\.name))
  func printsTheSameWhateverTheBlocks(_ name: String) throws {
    let comparison = try comparison()
    let isLarge = try fileSize(comparison.directory.path(of: name)) > 10_000
    for options in ["-n", "-A", "-sE", "-bT"] {
      for size in isLarge ? ["777", "4096"] : ["1", "7"] {
        try comparison.expectSame([options, name, "return", name], ["--block-size", size])
      }
    }
  }

  /// Every route through every engine, with one set of options where tests are not of their full size.
  @Test(arguments: Array(EngineVariant.throughMemory.enumerated()).map { ($0.element, $0.offset) })
  func formatsThroughEveryEngine(_ variant: EngineVariant, _ number: Int) throws {
    let comparison = try comparison()
    let routes = [
      "$CAT $SET large return crlf random | cat",
      "$CAT $SET large text > out; cat out",
      "cat large | $CAT $SET crlf - open-end | cat",
      "(head -c 5000 > head; $CAT $SET; cat) < large",
      "(echo a; $CAT $SET text; echo b; $CAT $SET random; echo c) > out; cat out",
      "rm -f out; (echo a; $CAT $SET text large; echo b) >> out; cat out",
    ]
    for (place, route) in routes.enumerated() {
      for set in share(of: ["-n", "-A", "-sE"], at: place, among: routes.count, round: number) {
        try comparison.expectSame(
          script: route.replacing("$SET", with: set), variant.options)
      }
    }
  }

  @Test(arguments: CacheModeName.allCases)
  func formatsInEveryCacheMode(_ mode: CacheModeName) throws {
    let directory = try TestDirectory(on: .ext4)
    let comparison = try GNUComparison("cat", in: directory)
    try CatCorpus.write(into: directory)
    for options in ["-n", "-A", "-s"] {
      try comparison.expectSame(
        script:
          "$CAT \(options) large text random large crlf > out; cat out; $CAT \(options) large",
        mode.options)
    }
  }

  @Test func takesInputsInAnyOrder() throws {
    let comparison = try comparison()
    let typed = ProgramInput.bytes(Array("typed\r\n\n\nend".utf8))
    for files in [[], ["-"], ["-", "-"], ["text", "-", "crlf"], ["-", "return", "-", "newline"]] {
      for options in [[], ["-n"], ["-A"], ["-s"], ["-E"], ["-b"]] {
        try comparison.expectSame(options + files, input: typed)
        try comparison.expectSame(
          options + files, input: .file(comparison.directory.path(of: "large")))
      }
    }
    for options in [[], ["-n"]] {
      try comparison.expectSame(options + ["missing", "text", ".", "", "text"])
    }
  }

  @Test func spellsOptionsInEveryWay() throws {
    let comparison = try comparison()
    for options in [
      ["--show-all"], ["--number-nonblank"], ["--number"], ["--show-ends", "--show-tabs"],
      ["--squeeze-blank"], ["--show-nonprinting"], ["--number-n"], ["--sq"],
      ["--show-n"], ["-n", "--number-nonblank"], ["--number-nonblank", "-n"], ["-nn"], ["-etv"],
    ] {
      try comparison.expectSame(options + ["every-byte", "blank-lines"])
      try comparison.expectSame(["every-byte"] + options + ["--", "blank-lines"])
    }
  }

  @Test func numbersBeyondSixDigits() throws {
    let comparison = try comparison()
    try comparison.expectSame(
      script: """
        yes | head -n 1100003 > many; (yes ''; echo) | head -n 999 > blank
        $CAT -n many blank text | md5sum; $CAT -b blank many | md5sum; $CAT -nA many | tail
        """)
  }

  @Test func takesLongLines() throws {
    let comparison = try comparison()
    let count = runsFullSize ? 100 << 20 : (64 << 20) + 12_345
    let line = [UInt8](repeating: UInt8(ascii: "q"), count: count)
    try comparison.directory.write("long", line)
    for options in ["-n", "-A", "-sE", "-b", ""] {
      try comparison.expectSame(script: "$CAT \(options) long text long | md5sum")
    }
  }

  @Test func printsFilesWhoseSizeSaysNothing() throws {
    let comparison = try comparison()
    let setting = "/sys/kernel/mm/transparent_hugepage/enabled"
    for options in [[], ["-n"], ["-A"]] {
      for file in ["/proc/version", "/proc/filesystems", "/proc/kallsyms", setting, "/dev/null"] {
        try comparison.expectSame(options + [file])
      }
    }
    try comparison.expectSame(
      script: "$CAT < /proc/filesystems; $CAT < \(setting); $CAT < /dev/null")
  }
}
