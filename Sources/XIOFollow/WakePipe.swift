public import SystemPackage
internal import XIOSystem

/// The pipe by which a loop is woken that waits for data.
public enum WakePipe {
  /// Makes it, and has those write to it that watch standard output, processes and, with SIGUSR1, the user.
  ///
  /// - Parameters:
  ///   - processes: Processes after whose end nothing more is to be expected.
  ///   - reports: Whether SIGUSR1 asks for a report.
  /// - Returns: The end to read ``Wake`` messages from.
  /// - Throws: The error number of pipe2(2) or pthread_create(3).
  public static func make(
    processes: [Int32], reports: Bool
  ) throws(Errno) -> FileDescriptor {
    let pipe = try System.pipe()
    var opened: [FileDescriptor] = []
    for number in processes {
      // One that has ended already needs no waiting for.
      if let process = try? System.openProcess(number) { opened.append(process) }
    }
    if !processes.isEmpty, opened.isEmpty {
      var message = Wake.processesGone.rawValue
      _ = try withUnsafeBytes(of: &message) { bytes in
        Result { () throws(Errno) in try System.write(pipe.writeEnd, from: bytes, at: nil) }
      }.get()
    }
    try Wake.arm(
      pipe.writeEnd, output: .standardOutput, processes: opened, reports: reports)
    return pipe.readEnd
  }
}
