import SystemPackage
import Testing
import XIOTestSupport

/// Every option of `cp`: it is in the help, and does and says what GNU's does and says.
@Suite struct CopyOptionTests {
  @Test(arguments: CopyScripts.targets)
  func targetsAreLikeGNUs(_ script: String) throws {
    try CopyComparison.expectSame(script)
  }

  @Test(arguments: CopyScripts.spellings)
  func spellingsAreLikeGNUs(_ script: String) throws {
    try CopyComparison.expectSame(script)
  }

  @Test(arguments: CopyScripts.products)
  func productsAreLikeGNUs(_ script: String) throws {
    try CopyComparison.expectSame(script)
  }

  @Test(arguments: CopyScripts.trees)
  func treesAreLikeGNUs(_ script: String) throws {
    if script.contains("mount -t") { try requireRoot(to: "mount tmpfs") }
    try CopyComparison.expectSame(script)
  }

  @Test func everyOptionIsInTheHelp() throws {
    let help = try runXio(["copy", "--help"]).outputText
    let words = Set(help.split { !($0.isLetter || $0.isNumber || $0 == "-") }.map(String.init))
    let long = """
      archive attributes-only backup copy-contents context debug dereference \
      dereference-command-line force interactive keep-directory-symlink link no-clobber \
      no-dereference no-preserve no-target-directory one-file-system parents preserve recursive \
      reflink remove-destination sparse strip-trailing-slashes suffix symbolic-link \
      target-directory update verbose help jobs physical engine cache block-size \
      queue-depth report explain atomic durability resume verify progress notify report-to \
      timeline
      """
    let missing = long.split(separator: " ").map { "--\($0)" }.filter { !words.contains($0) }
    #expect(missing == [])
    let letters = "abdfHilLnpPrRsStTuvxZ".map { "-\($0)" }.filter { !words.contains($0) }
    #expect(letters == [])
  }

  /// Where ours is known to differ, or GNU's of this machine is too old, it is in this way.
  @Test(
    arguments: [
      ("echo a>a; echo b>b; echo n | $CP -ni a b", 1, "cp: overwrite 'b'? "),
      ("echo a>a; echo b>b; $CP -in a b; cat b", 0, "b\n"),
      ("mkdir d e; echo a>a; $CP -t d -t e a", 1, "multiple target directories specified"),
      ("echo a>a; $CP --preserve=mode, a b", 1, "ambiguous argument '' for '--preserve'"),
      ("echo a>a; mkdir d; $CP -T --parents a d", 1, "with --parents, the destination must be a"),
      ("echo a>a; $CP --reflink=always a b; ls", 0, "a\n"),
      ("mkdir d e; ln -s d l; $CP -r --strip-trailing-slashes l/ e; stat -c %F e/l", 0, "symbolic"),
      (
        "mkdir s; ln -s x s/l; ln -s s k; $CP -r --dereference-command-line k d; stat -c %F d d/l",
        0, "directory\nsymbolic link"
      ),
      ("echo a>a; echo b>b; $CP --de a b", 1, "possibilities: '--debug' '--dereference'"),
    ])
  func differsWhereItShould(_ script: String, _ status: CInt, _ said: String) throws {
    let directory = try TestDirectory()
    let result = try CopyComparison.run(script, try CopyComparison.ours(directory), directory)
    #expect(result.status == status, "\(result)")
    #expect((result.outputText + result.errorText).contains(said), "\(result)")
  }
}
