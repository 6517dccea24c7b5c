/// The options of `cp`, and those that it lacks.
extension OptionTable {
  static let copy = OptionTable(
    long: shared.merging(
      [
        "archive": .flag, "attributes-only": .flag, "backup": .optional(CopyChoices.unsaid),
        "copy-contents": .flag, "context": .optional(CopyChoices.unsaid), "debug": .flag,
        "dereference": .flag,
        "dereference-command-line": .flag, "force": .flag, "interactive": .flag,
        "keep-directory-symlink": .flag, "link": .flag, "no-clobber": .flag,
        "no-dereference": .flag, "no-preserve": .value, "no-target-directory": .flag,
        "one-file-system": .flag, "parents": .flag,
        "preserve": .optional("mode,ownership,timestamps"), "recursive": .flag,
        "reflink": .optional("always"), "remove-destination": .flag, "sparse": .value,
        "strip-trailing-slashes": .flag, "suffix": .value, "symbolic-link": .flag,
        "target-directory": .value, "update": .optional("older"), "verbose": .flag,
        "jobs": .value, "physical": .flag, "atomic": .flag, "durability": .value,
        "resume": .flag, "verify": .value, "progress": .flag,
      ]
    ) { $1 },
    short: [
      "a": .flags(["--archive"]), "b": .flags(["--backup=\(CopyChoices.unsaid)"]),
      "d": .flags(["--no-dereference", "--preserve=links"]), "f": .flags(["--force"]),
      "H": .flags(["--dereference-command-line"]), "i": .flags(["--interactive"]),
      "l": .flags(["--link"]), "L": .flags(["--dereference"]), "n": .flags(["--no-clobber"]),
      "P": .flags(["--no-dereference"]), "p": .flags(["--preserve=mode,ownership,timestamps"]),
      "r": .flags(["--recursive"]), "R": .flags(["--recursive"]),
      "s": .flags(["--symbolic-link"]), "S": .value("suffix"), "t": .value("target-directory"),
      "T": .flags(["--no-target-directory"]), "u": .flags(["--update=older"]),
      "v": .flags(["--verbose"]), "x": .flags(["--one-file-system"]),
      "Z": .flags(["--context=\(CopyChoices.unsaid)"]),
      "h": .flags(["--help"]),
    ],
    own: Set(shared.keys).subtracting(["help", "version"])
      .union([
        "dereference-command-line", "jobs", "physical", "atomic", "durability", "resume", "verify",
        "progress",
      ]),
    order: ["recursive", "remove-destination", "reflink"],
    rivals: [
      ["dereference", "dereference-command-line", "no-dereference"],
      ["interactive", "no-clobber"],
    ],
    once: ["target-directory": "multiple target directories specified"],
    fold: foldCopy)

  /// `--archive`, `--preserve` and `--no-preserve` add and take away in their order; what they come to is
  /// one list of what is kept, one of what is not, and one of what must be.
  private static func foldCopy(_ options: [GivenOption]) -> [GivenOption] {
    var kept: [String] = []
    var dropped: [String] = []
    var folded: [GivenOption] = []
    for option in options {
      let words = (option.value ?? "").split(separator: ",", omittingEmptySubsequences: false)
        .map(String.init)
      switch option.name {
      case "archive":
        folded.removeAll { $0.name.contains("dereference") }
        folded += [option, GivenOption(name: "no-dereference")]
        kept.append("all")
        dropped.removeAll()
      case "preserve":
        kept += words
        dropped.removeAll { words.contains($0) || words.contains("all") }
      case "no-preserve":
        dropped += words
        kept.removeAll { words.contains($0) || words.contains("all") }
      case "dereference", "dereference-command-line", "no-dereference":
        folded.removeAll { $0.name.contains("dereference") }
        folded.append(option)
      default: folded.append(option)
      }
    }
    if !kept.isEmpty {
      folded.append(GivenOption(name: "preserve", value: kept.joined(separator: ",")))
    }
    if !dropped.isEmpty {
      folded.append(GivenOption(name: "no-preserve", value: dropped.joined(separator: ",")))
    }
    return folded
  }
}
