import Glibc

/// How a program ended and what it wrote.
public struct ProgramResult: Sendable, CustomStringConvertible {
  /// How a process ends.
  public enum Ending: Sendable, Equatable, CustomStringConvertible {
    /// With an exit status.
    case status(CInt)
    /// Killed by a signal.
    case signal(CInt)

    /// The ending in words.
    public var description: String {
      switch self {
      case .status(let status): "exit status \(status)"
      case .signal(let signal): "signal \(signal) (\(String(cString: strsignal(signal))))"
      }
    }
  }

  /// What ran, with all options.
  public var command: String

  /// Where it ran.
  public var workingDirectory: String

  /// How it ended.
  public var ending: Ending

  /// What was captured of standard output.
  public var output: [UInt8]

  /// What was captured of standard error.
  public var errorOutput: [UInt8]

  /// The time from its start until its end was noticed.
  public var wallTime: Duration

  /// What the kernel counted for the process.
  public var usage: ResourceUsage

  /// The limit that it was killed for, in words; nil when it kept all of them.
  public var passedLimit: String?

  /// The exit status, or as in a shell 128 and the number of the signal.
  public var status: CInt {
    switch ending {
    case .status(let status): status
    case .signal(let signal): 128 + signal
    }
  }

  /// What was captured of standard output, as text.
  public var outputText: String { String(decoding: output, as: UTF8.self) }

  /// What was captured of standard error, as text.
  public var errorText: String { String(decoding: errorOutput, as: UTF8.self) }

  /// Everything a failed test should show.
  public var description: String {
    """

    command: \(command)
    directory: \(workingDirectory)
    ended: \(ending)\(passedLimit.map { ", killed for \($0)," } ?? "") after \(wallTime)
    standard output: \(shown(output))
    standard error: \(shown(errorOutput))
    """
  }
}

/// What the kernel counted for a process that has ended.
public struct ResourceUsage: Sendable {
  /// The largest resident set, in kibibytes.
  public var maximumResidentKibibytes: Int

  /// Switches because the process had to wait.
  public var voluntaryContextSwitches: Int

  /// Switches because another process had its turn.
  public var involuntaryContextSwitches: Int

  /// Time on a processor in user mode.
  public var userTime: Duration

  /// Time on a processor in kernel mode.
  public var systemTime: Duration

  init(_ usage: rusage) {
    maximumResidentKibibytes = usage.ru_maxrss
    voluntaryContextSwitches = usage.ru_nvcsw
    involuntaryContextSwitches = usage.ru_nivcsw
    userTime = .seconds(usage.ru_utime.tv_sec) + .microseconds(usage.ru_utime.tv_usec)
    systemTime = .seconds(usage.ru_stime.tv_sec) + .microseconds(usage.ru_stime.tv_usec)
  }
}

extension TestProgram {
  /// The command as a shell would take it.
  func commandText(_ arguments: [[UInt8]]) -> String {
    let settings = environment.sorted { $0.key < $1.key }
      .map { "\($0.key)=\($0.value ?? "(unset)") " }.joined()
    return settings + arguments.map(quoted).joined(separator: " ")
  }
}

private func quoted(_ argument: [UInt8]) -> String {
  let text = String(decoding: argument, as: UTF8.self)
  let plain = text.allSatisfy { $0.isLetter || $0.isNumber || "-_./=+:,%@".contains($0) }
  return plain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
}

private func shown(_ bytes: [UInt8]) -> String {
  let limit = 4000
  if bytes.isEmpty { return "(nothing)" }
  guard String(validating: bytes.prefix(limit), as: UTF8.self) != nil, !bytes.contains(0) else {
    return "(\(bytes.count) bytes that are not text)"
  }
  let text = String(decoding: bytes.prefix(limit), as: UTF8.self)
  return "\n" + text + (bytes.count > limit ? "... (\(bytes.count) bytes)" : "")
}
