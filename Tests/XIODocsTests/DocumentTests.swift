import SystemPackage
import Testing
import XIOCommands
import XIODocs
import XIOTestSupport

/// The directory of the project.
let project = FilePath(#filePath).removingLastComponent().removingLastComponent()
  .removingLastComponent()

/// The manual and the completions say what the program takes.
@Suite struct DocumentTests {
  @Test func documentsAreCurrent() throws {
    for document in try Documents.make(in: project) {
      let text = try Documents.read(project.appending(document.path.string))
      let isCurrent = text == document.text
      #expect(isCurrent, "\(document.path) is stale: make docs")
    }
  }

  /// The normaliser, the parser and its help, the manual and the completions know the same options.
  @Test func optionsAreTheSameEverywhere() throws {
    let documents = try Documents.make(in: project)
    let scripts = documents.filter { $0.path.string.hasPrefix("completions/") }
    #expect(scripts.count == 3)
    let commands = try CommandDescription.all().commands
    #expect(commands.count >= 5)
    for command in commands {
      let declared = Set(command.options.flatMap(\.spellings))
      if let taken = Declarations.spellings(of: command.name) {
        // What stands before a command may stand behind it.
        #expect(declared == taken.subtracting(["--version"]), "\(command.name)")
      }
      let page = try #require(
        documents.first { $0.path.string == "man/xio-\(command.name).1" })
      for option in command.options {
        for letter in option.short {
          #expect(page.text.contains("Fl \(letter)"), "-\(letter) in \(page.path)")
        }
        for name in option.long {
          let escaped = "\\-\(name.replacing("-", with: "\\-"))"
          #expect(page.text.contains("Fl \(escaped)"), "--\(name) in \(page.path)")
          for script in scripts {
            #expect(script.text.contains(name), "--\(name) in \(script.path)")
          }
        }
      }
    }
  }

  @Test func everyOptionIsDescribed() throws {
    let (program, commands) = try CommandDescription.all()
    for command in [program] + commands {
      #expect(!command.abstract.isEmpty)
      for option in command.options {
        let ending = option.text.last
        #expect(
          ending == "." || ending == ")", "\(command.name) \(option.spellings): \(option.text)")
      }
    }
  }

  /// What every page has to say.
  @Test func pagesAreComplete() throws {
    for document in try Documents.make(in: project) where document.path.string.hasPrefix("man/") {
      let name = try #require(document.path.lastComponent?.string)
      var sections = ["NAME", "DESCRIPTION", "EXAMPLES", "SEE ALSO"]
      if name.hasSuffix(".1") { sections += ["SYNOPSIS", "EXIT STATUS"] }
      if ["cat", "copy", "tail", "fanin"].contains(where: { name == "xio-\($0).1" }) {
        sections += ["OPTIONS", "ENVIRONMENT", "GUARANTEES"]
      }
      for section in sections {
        #expect(document.text.contains("\n.Sh \(section)\n"), "\(section) in \(name)")
      }
      #expect(
        document.text.firstMatch(of: /@[A-Z_]+@/) == nil, "\(name) has a place that was not filled")
    }
  }

  /// What is promised when there is no room: each command that writes has words for that.
  @Test(arguments: ["cat", "copy", "tail", "fanin"])
  func guaranteesTellOfAFullDisk(_ command: String) throws {
    let page = try Documents.read(project.appending("man/xio-\(command).1"))
    let start = try #require(page.firstRange(of: "\n.Sh GUARANTEES\n"))
    let end = try #require(page.firstRange(of: "\n.Sh SEE ALSO\n"))
    let guarantees = page[start.upperBound..<end.lowerBound]
    let says = guarantees.contains("full disk") || guarantees.contains("disk is full")
    #expect(says, "\(guarantees)")
  }

  /// The manual has the tables of `xio engines`, but for what differs from machine to machine.
  @Test func enginesAreThoseOfTheProgram() throws {
    let page = try runTool("mandoc", "-T", "ascii", "\(project)/man/xio-engines.7")
    let lines = Set(page.split(separator: "\n").map { Self.words($0).joined(separator: " ") })
    let models = Declarations.models
    #expect(models.count > 10 && models.allSatisfy { lines.contains($0.joined(separator: " ")) })
    let printed = try runXio(["engines"]).outputText.split(separator: "\n")
      .prefix { !$0.hasPrefix("ENGINE ") || $0.contains("HERE") }
    #expect(printed.count == models.count)
    for line in printed {
      let words = Self.words(line).filter { !["HERE", "yes", "no"].contains($0) }
      #expect(lines.contains(words.joined(separator: " ")), "\(line)")
    }
  }

  /// The manual has every field that a report of any job has.
  @Test(arguments: [
    ["cat", "--engine=uring"], ["copy", "--cache=direct", "--verify=flight"],
    // There is no such process: the follow ends at once.
    ["tail", "-F", "--pid=4194304"], ["fanin", "--no-follow"],
  ])
  func fieldsAreDescribed(_ job: [String]) throws {
    let directory = try TestDirectory(on: .ext4)
    let file = try directory.write("file", "a line\n".utf8)
    let report = directory.path(of: "report")
    var arguments: [any ByteString] = job + ["--report=json", "--report-to", report, file]
    if job[0] == "copy" { arguments.append(directory.path(of: "copy")) }
    #expect(try runXio(arguments).status == 0)
    // These have names of calls and of other fields.
    let text = try Documents.read(report).replacing(
      /"(by_name|requests|unknown)" : \{[^}]*\}/, with: "")
    let fields = Set(text.matches(of: /"([a-z_0-9]+)" :/).map { String($0.output.1) })
    #expect(fields.count > 60, "\(text)")
    let page = try Documents.read(project.appending("man/xio-report.5"))
      .replacing("\\fB", with: " ")
    let described = Set(page.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init))
    #expect(fields.subtracting(described).isEmpty, "\(fields.subtracting(described))")
  }

  private static func words(_ line: Substring) -> [Substring] { line.split(separator: " ") }

  @Test func toolsFindNothingToComplainOf() throws {
    let pages = try Documents.make(in: project).map(\.path.string)
      .filter { $0.hasPrefix("man/") }.map { "\(project)/\($0)" }
    #expect(pages.count >= 8)
    let list = pages.map { "'\($0)'" }.joined(separator: " ")
    for command in [
      "mandoc -T lint -W warning \(list)", "groff -K utf8 -mandoc -ww -z \(list)",
      "groff -mandoc -ww -z \(list)",
    ] {
      #expect(try runTool("bash", "-c", "\(command) 2>&1") == "", "\(command)")
    }
    let names = try runTool("bash", "-c", "lexgrog \(list)")
    #expect(names.split(separator: "\n").count == pages.count, "\(names)")
    let scripts = "\(project)/completions"
    try runTool("bash", "-n", "\(scripts)/xio.bash")
    try runTool("zsh", "-n", "\(scripts)/_xio")
    try runTool("fish", "--no-config", "--no-execute", "\(scripts)/xio.fish")
  }
}
