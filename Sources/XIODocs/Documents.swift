public import SystemPackage
internal import XIOCommands

/// A document that is made: where it belongs, and what it says.
public struct Document: Sendable {
  /// Its place in the project, such as `man/xio.1`.
  public var path: FilePath
  /// All of it.
  public var text: String
}

/// All documents that are made from the program's declarations.
public enum Documents {
  /// Pages that are no command's. The prose of each page is `man/src/NAME.in`.
  private static let otherPages = ["xio-engines.7", "xio-report.5"]

  /// Makes all of them.
  ///
  /// - Parameter project: The directory of the project.
  /// - Returns: Pages of the manual and completions.
  /// - Throws: `DocsError`, `DecodingError`, and `Errno` for a page whose prose cannot be read.
  public static func make(in project: FilePath) throws -> [Document] {
    let (program, commands) = try CommandDescription.all()
    var pages = [try page("xio.1", program, project)]
    for command in commands { pages.append(try page("xio-\(command.name).1", command, project)) }
    for name in otherPages { pages.append(try page(name, nil, project)) }
    let names = [nil] + commands.map { Optional($0.name) }
    let help = names.flatMap { name in
      [("", false), ("-h", true)].compactMap { suffix, isBrief in
        Declarations.help(of: name, isBrief: isBrief).map {
          Document(
            path: FilePath("docs/help/xio\(name.map { "-\($0)" } ?? "")\(suffix).txt"), text: $0)
        }
      }
    }
    return pages + help + [
      Document(path: "completions/xio.bash", text: BashCompletion.script(program, commands)),
      Document(path: "completions/_xio", text: ZshCompletion.script(program, commands)),
      Document(path: "completions/xio.fish", text: FishCompletion.script(program, commands)),
    ]
  }

  private static func page(
    _ name: String, _ command: CommandDescription?, _ project: FilePath
  ) throws -> Document {
    var prose = try read(project.appending("man/src/\(name).in"))
    if prose.contains("@FIELDS@\n") {
      let fields = try FieldTable.list(from: read(project.appending("docs/report.md")))
      prose.replace("@FIELDS@\n", with: fields)
    }
    prose.replace("@MODELS@\n", with: ColumnList.list(Declarations.models))
    // Side by side they would be wider than a page.
    let calls = Declarations.calls
    prose.replace("@STREAM_CALLS@\n", with: ColumnList.list(calls.map { [$0[0], $0[1]] }))
    prose.replace("@FILE_CALLS@\n", with: ColumnList.list(calls.map { [$0[0], $0[2]] }))
    return Document(
      path: FilePath("man").appending(name), text: try ManualPage.fill(prose, for: command))
  }

  /// Reads a file.
  ///
  /// - Parameter path: Its place.
  /// - Returns: Its text.
  /// - Throws: `DocsError`, which names it.
  public static func read(_ path: FilePath) throws -> String {
    do {
      let file = try FileDescriptor.open(path, .readOnly)
      return try file.closeAfter {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
          let count = try block.withUnsafeMutableBytes { try file.read(into: $0) }
          if count == 0 { return String(decoding: bytes, as: UTF8.self) }
          bytes += block[..<count]
        }
      }
    } catch let error as Errno {
      throw DocsError("cannot read '\(path)': \(error)")
    }
  }
}
