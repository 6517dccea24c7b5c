internal import ArgumentParser
internal import XIOCopy

/// Options that say how safe copies are.
struct CopySafetyOptions: ParsableArguments {
  @Flag(
    help:
      "Each file appears complete or not at all: a new one takes the place of the old in the end.")
  var atomic = false

  @Option(
    help: ArgumentHelp(
      """
      What is on the device in the end: cached (whatever is there by then, the default), data (that of \
      every file), full (every file before it takes its name, then its directory), batch (everything, \
      by one call at the end).
      """,
      valueName: "level"),
    completion: .list(["cached", "data", "full", "batch"]))
  var durability: String?

  @Flag(
    help:
      "Go on with what an earlier --resume has begun; what is there is compared. Implies --atomic.")
  var resume = false

  @Option(
    help: ArgumentHelp(
      """
      Compare each copy with its source: flight (what the page cache holds), media (what the device \
      returns).
      """, valueName: "what"),
    completion: .list(["flight", "media"]))
  var verify: String?

  @Flag(help: "Show on a terminal how far it is, when it takes long.")
  var progress = false

  func apply(_ options: inout CopyOptions) throws(UsageError) {
    options.isAtomic = atomic
    options.resumes = resume
    if let durability {
      options.durability = try CopyChoices.match(
        durability, for: "--durability", CopyChoices.durability)
    }
    if let verify {
      options.verification = try CopyChoices.match(
        verify, for: "--verify", CopyChoices.verification)
    }
    guard options.attributesOnly else { return }
    for (isGiven, name) in [
      (atomic, "--atomic"), (resume, "--resume"), (verify != nil, "--verify"),
    ]
    where isGiven {
      throw UsageError("--attributes-only rules out \(name)")
    }
  }
}
