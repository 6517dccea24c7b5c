internal import XIOCommands

/// A page of the manual, from its prose and the declarations of options.
///
/// See mdoc(7).
public enum ManualPage {
  /// Puts a command's options and the version into the prose of its page.
  ///
  /// - Parameters:
  ///   - prose: mdoc(7) with `@OPTIONS@` on a line of its own, and `@VERSION@`.
  ///   - command: The command, where there is one.
  /// - Returns: The page.
  /// - Throws: `DocsError` when the page of a command has no place for options.
  public static func fill(_ prose: String, for command: CommandDescription?) throws -> String {
    var page = prose.replacing("@VERSION@", with: Declarations.version)
      .split(separator: "\n", omittingEmptySubsequences: false).map(example)
      .joined(separator: "\n")
    if let command {
      guard page.contains("@OPTIONS@\n") else {
        throw DocsError("the page of \(command.name) has no place for options")
      }
      page.replace("@OPTIONS@\n", with: options(of: command))
    }
    return "." + #"\" Made by xio-docs from the prose in man/src and the program's options."# + "\n"
      + page
  }

  /// An example is to be copied into a shell: its dashes must not become hyphens.
  private static func example(_ line: Substring) -> String {
    line.hasPrefix(".Dl $ ") ? String(line).replacing("-", with: "\\-") : String(line)
  }

  private static func options(of command: CommandDescription) -> String {
    let isDivided = command.sections.count > 1
    return command.sections.map { title in
      let items = command.options.filter { $0.section == title }.map(item).joined()
      let list = ".Bl -tag -width Ds\n\(items).El\n"
      return isDivided ? ".Ss \(title)\n\(list)" : list
    }.joined()
  }

  private static func item(_ option: OptionDescription) -> String {
    var names: [String] = []
    for (index, spelling) in option.spellings.enumerated() {
      let isLast = index == option.spellings.count - 1
      let flag = "Fl \(escape(String(spelling.dropFirst())))"
      guard isLast, let value = option.value else {
        names.append(flag)
        continue
      }
      let name = escape(value.name)
      let isLong = spelling.hasPrefix("--")
      names.append(
        value.isOptional
          ? "\(flag) Ns Op = Ns Ar \(name)" : "\(flag)\(isLong ? " Ns = Ns" : "") Ar \(name)")
    }
    var text = escapeText(option.text)
    // Where the words need explaining the text has them all.
    if let value = option.value, !value.choices.allSatisfy({ option.text.contains($0) }) {
      text += "\nOne of " + value.choices.map { "\n.Cm \(escape($0))" }.joined(separator: " ,")
      text += " ."
    }
    if let standard = option.standard, option.value != nil {
      text += "\nThe default is\n.Cm \(escape(standard)) ."
    }
    return ".It \(names.joined(separator: " , "))\n\(text)\n"
  }

  /// A word of a macro.
  private static func escape(_ word: String) -> String {
    word.replacing("\\", with: "\\e").replacing("-", with: "\\-").replacing("[+]", with: "\\&[+]")
  }

  /// Prose: a new line for every sentence, and dashes that can be copied into a shell.
  private static func escapeText(_ text: String) -> String {
    let escaped = text.replacing("\\", with: "\\e").replacing(" -", with: " \\-")
      .replacing("\\--", with: "\\-\\-").replacing("(-", with: "(\\-").replacing("^", with: "\\(ha")
    return escaped.replacing(". ", with: ".\n").replacing("\n(", with: "\n\\&(")
  }
}
