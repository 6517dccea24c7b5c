import SystemPackage
import Testing
import XIOTestSupport

/// A line that is typed, and what Tab makes of it.
struct Completion: Sendable, CustomTestStringConvertible {
  var typed: String
  var completed: String
  /// What zsh makes of it, which puts the comma of a list where others put the space.
  var inZsh: String

  init(_ typed: String, _ completed: String) {
    self.typed = typed
    self.completed = completed
    inZsh = completed
  }

  init(_ typed: String, list completed: String) {
    self.typed = typed
    self.completed = "\(completed) "
    inZsh = "\(completed),"
  }

  var testDescription: String { typed }

  static let all = [
    Completion("xio cop", "xio copy "),
    Completion("xio help fan", "xio help fanin "),
    Completion("xio copy --phys", "xio copy --physical "),
    Completion("xio copy --engine u", "xio copy --engine uring "),
    Completion("xio copy --engine=u", "xio copy --engine=uring "),
    Completion("xio cat --cache=d", "xio cat --cache=direct "),
    Completion("xio copy --sparse al", "xio copy --sparse always "),
    Completion("xio copy --backup=num", "xio copy --backup=numbered "),
    Completion("xio tail --follow=n", "xio tail --follow=name "),
    Completion("xio tail --fifo-eof r", "xio tail --fifo-eof reopen "),
    Completion("xio fanin --order m", "xio fanin --order merge "),
    Completion("xio copy no", "xio copy notes.txt "),
    Completion("xio copy --report no", "xio copy --report notes.txt "),
    Completion("xio copy -t fo", "xio copy -t folder/"),
    Completion("xio copy --target-directory=fo", "xio copy --target-directory=folder/"),
    Completion("xio tail --checkpoint no", "xio tail --checkpoint notes.txt "),
    Completion("xio copy -a -- -da", "xio copy -a -- -dash.txt "),
    Completion("xio compare --state c", list: "xio compare --state cold"),
    Completion(
      "xio compare --engines blocking,u", list: "xio compare --engines blocking,uring"),
    Completion(
      "xio compare --engines=poll,epoll,sel", list: "xio compare --engines=poll,epoll,select"),
    Completion("xio copy --preserve=mode,ow", list: "xio copy --preserve=mode,ownership"),
    Completion("xio compare cop", "xio compare copy "),
    Completion("xio compare --engines uring fa", "xio compare --engines uring fanin "),
    Completion("xio compare --engines=uring fa", "xio compare --engines=uring fanin "),
    Completion("xio compare copy no", "xio compare copy notes.txt "),
    Completion("xio cache --engine uring ev", "xio cache --engine uring evict "),
    Completion("xio engines no", "xio engines notes.txt "),
    Completion("xio cache ev", "xio cache evict "),
    Completion("xio cache show no", "xio cache show notes.txt "),
  ]
}

/// Completions in the shells themselves.
@Suite(.serialized) struct CompletionTests {
  private static func directory() throws -> TestDirectory {
    let directory = try TestDirectory(on: .tmpfs)
    try directory.write("notes.txt", "".utf8)
    try directory.write("-dash.txt", "".utf8)
    try directory.makeDirectory("folder")
    return directory
  }

  /// Types lines into a shell on a terminal, and gives back what stands there after Tab.
  private static func complete(
    _ lines: [String], in shell: String, _ arguments: [String], setup: String
  ) throws -> [String] {
    let directory = try directory()
    let terminal = try PseudoTerminal(columns: 200, rows: 60)
    var program = TestProgram(try findTool(shell), arguments)
    program.input = .descriptor(terminal.terminal)
    program.output = .descriptor(terminal.terminal)
    program.errorOutput = .descriptor(terminal.terminal)
    program.workingDirectory = directory.path
    program.environment = ["TERM": "dumb", "HOME": "\(directory.path)"]
    let running = try program.start()
    // What is echoed of the command must not be taken for its output.
    try terminal.type("\(setup); echo READ''Y\n")
    _ = try terminal.read(until: "READY")
    let shown = try lines.map { line in
      try terminal.type("\(line)\t\u{7}")
      let text = try terminal.read(until: "|>")
      try terminal.type("\u{15}")
      let start = try #require(text.lastRange(of: "<|"))
      return String(text[start.upperBound...].prefix { $0 != "|" })
    }
    try running.signal(9)
    _ = try running.wait()
    return shown
  }

  @Test func bashCompletes() throws {
    let lines = try Self.complete(
      Completion.all.map(\.typed), in: "bash", ["--norc", "--noprofile", "-i"],
      setup: """
        source '\(project)/completions/xio.bash'; \
        bind -x '"\\C-g": printf "<|%s|>\\n" "$READLINE_LINE"'
        """)
    for (line, completion) in zip(lines, Completion.all) {
      #expect(line == completion.completed, "\(completion.typed)")
    }
  }

  @Test func zshCompletes() throws {
    let lines = try Self.complete(
      Completion.all.map(\.typed), in: "zsh", ["-f", "-i"],
      setup: """
        fpath=('\(project)/completions' $fpath); autoload -U compinit; compinit -D -u; \
        show() { print -r -- "<|$BUFFER|>" }; zle -N show; bindkey '^G' show; bindkey '^U' kill-buffer
        """)
    for (line, completion) in zip(lines, Completion.all) {
      #expect(line == completion.inZsh, "\(completion.typed)")
    }
  }

  @Test func fishCompletes() throws {
    let directory = try Self.directory()
    for completion in Completion.all {
      let found = try runTool(
        "bash", "-c",
        """
        cd \(directory.path) && HOME=\(directory.path) fish --no-config -c \
        'source "\(project)/completions/xio.fish"; complete -C "\(completion.typed)"'
        """)
      let words = found.split(separator: "\n").map { $0.prefix { $0 != "\t" } }
      let expected = completion.completed.split(separator: " ").last ?? ""
      #expect(words.contains(expected), "\(completion.typed): \(words)")
    }
  }
}

extension String {
  fileprivate func lastRange(of text: String) -> Range<String.Index>? { ranges(of: text).last }
}
