import SystemPackage
import Testing
import XIOTestSupport

/// A copy is at no moment open to more people than its source, whatever that is.
@Suite struct CopyModeTests {
  /// Makes `source`, which only its owner can use, and says how it is copied.
  struct Source: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let make: String
    let operands: String

    static let all = [
      Source(testDescription: "file", make: "echo x >source", operands: "source"),
      Source(testDescription: "FIFO", make: "mkfifo source", operands: "-r source"),
      Source(testDescription: "device", make: "mknod source c 1 3", operands: "-r source"),
      Source(
        testDescription: "contents of a device", make: "mknod source c 1 3", operands: "source"),
      Source(
        testDescription: "contents of a FIFO", make: "mkfifo source; echo x >source &",
        operands: "source"),
      Source(
        testDescription: "socket",
        make: "perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => q(source))'",
        operands: "-r source"),
      Source(
        testDescription: "standard input", make: "echo x >source; exec <source",
        operands: "/dev/stdin"),
      Source(
        testDescription: "deleted file", make: "echo x >source; exec <source; rm source",
        operands: "/proc/self/fd/0"),
      Source(
        testDescription: "directory", make: "mkdir source; echo x >source/x; chmod 600 source/x",
        operands: "-r source"),
      Source(
        testDescription: "link's target", make: "echo x >source; ln -s source link",
        operands: "link"),
      Source(
        testDescription: "file over a link", make: "echo x >source; ln -s nowhere copy",
        operands: "source"),
    ]
  }

  @Test(arguments: Source.all, ["", "-p", "--atomic"])
  func isNeverWider(_ source: Source, _ options: String) throws {
    try requireRoot(to: "make device nodes")
    let directory = try TestDirectory()
    // Whoever makes files gives all rights away; what is not given must have been withheld.
    let result = try runScript(
      """
      umask 077; \(source.make)
      [ ! -d source ] || chmod 700 source
      umask 000; export POSIXLY_CORRECT=1
      strace -f -o log -e trace=open,openat,mkdir,mkdirat,mknod,mknodat,chmod,fchmod,fchmodat,?fchmodat2 \
        $XIO copy \(options) \(source.operands) copy
      """, in: directory)
    let refuses = options == "--atomic" && source.testDescription == "file over a link"
    #expect(result.status == 0 || refuses, "\(result)")
    let log = String(decoding: try directory.read("log"), as: UTF8.self)
    var made = 0
    for line in log.split(separator: "\n") {
      // The last argument of a call that makes something, or changes who may use it.
      guard
        let call = line.firstMatch(
          of: /\b(open|mkdir|mknod|chmod|fchmod)[a-z0-9]*\(.*\) += +[0-9]/),
        !line.contains("open") || line.contains("O_CREAT") || line.contains("O_TMPFILE"),
        let mode = call.output.0.firstMatch(of: /[ |](0[0-7]+)(, makedev\(.*\)|, 0)?\) +=/)
      else { continue }
      let bits = try #require(Int(mode.output.1, radix: 8))
      made += 1
      #expect(bits & 0o077 == 0, "\(line)")
    }
    #expect(made > 0 || refuses, "\(log)")
  }
}
