internal import SystemPackage
internal import XIOReport
internal import XIOSystem

/// One way to make a run.
protocol Trial {
  /// Makes a run.
  ///
  /// - Throws: ``CompareError`` when no other run can be made either.
  func run(_ setting: Comparison.Setting, _ run: inout Comparison.Run) throws(CompareError)
}

/// Copies into the private directory.
struct CopyTrial: Trial {
  private static let outputName = "out"
  let bench: Bench
  /// What is copied.
  let sources: [[UInt8]]
  /// Whether the target is a directory, into which things are copied.
  let intoDirectory: Bool

  func run(_ setting: Comparison.Setting, _ run: inout Comparison.Run) throws(CompareError) {
    let target = bench.place.appending(Self.outputName)
    do throws(IOFailure) {
      if intoDirectory { try bench.place.makeDirectory(Self.outputName) }
    } catch {
      throw .io(error)
    }
    let words = bench.words(setting, sources + [target.bytes])
    run.command = words.map { FileName(bytes: $0) }
    let errors = try bench.openErrors()
    defer { try? System.close(errors) }
    let child = try Child(words, input: nil, output: nil, errors: errors)
    bench.gather(try child.finish(&run), &run)
    do throws(IOFailure) {
      if run.succeeded {
        let output = try OutputDigest.of(target)
        run.outputBytes = output.bytes
        run.outputDigest = output.text
      }
      try bench.place.remove(Self.outputName)
    } catch {
      throw error.isInterruption ? .interrupted : .io(error)
    }
  }
}

/// Prints files into a pipe, which this program reads.
struct StreamTrial: Trial {
  let bench: Bench
  /// What is printed.
  let files: [[UInt8]]
  /// What the pipe is read into.
  let memory: UnsafeMutableRawBufferPointer

  func run(_ setting: Comparison.Setting, _ run: inout Comparison.Run) throws(CompareError) {
    let words = bench.words(setting, files)
    run.command = words.map { FileName(bytes: $0) }
    let errors = try bench.openErrors()
    defer { try? System.close(errors) }
    let pipe = try Self.makePipe()
    defer { try? System.close(pipe.readEnd) }
    let child: Child
    do throws(CompareError) {
      child = try Child(words, input: nil, output: pipe.writeEnd, errors: errors)
    } catch {
      try? System.close(pipe.writeEnd)
      throw error
    }
    try? System.close(pipe.writeEnd)
    do throws(Errno) {
      (run.outputBytes, run.outputDigest) = try drain(pipe.readEnd)
    } catch {
      child.end()
      throw .interrupted
    }
    bench.gather(try child.finish(&run), &run)
  }

  /// Makes a pipe whose ends children do not inherit.
  ///
  /// - Throws: ``CompareError``.
  static func makePipe() throws(CompareError) -> (
    readEnd: FileDescriptor, writeEnd: FileDescriptor
  ) {
    do throws(Errno) {
      return try System.pipe()
    } catch {
      throw .message("cannot make a pipe: \(error)", hint: nil)
    }
  }

  /// Reads all of a pipe.
  ///
  /// - Returns: How many bytes came, and a digest of them.
  /// - Throws: The error number; EINTR only once the program is asked to end.
  private func drain(
    _ descriptor: FileDescriptor
  ) throws(Errno) -> (bytes: Int64, digest: String) {
    var digest = Digest()
    var lines = bench.options.delimiter.map { LineDigest(delimiter: $0) }
    var bytes: Int64 = 0
    var repetition = Repetition()
    while true {
      do throws(Errno) {
        let count = try System.read(descriptor, into: memory, at: nil)
        if count == 0 { return (bytes, lines?.text ?? digest.text) }
        let block = UnsafeRawBufferPointer(rebasing: memory[..<count])
        if lines?.add(block) == nil { digest.add(block) }
        bytes += Int64(count)
      } catch {
        guard repetition.isDue(after: error) else { throw error }
      }
    }
  }
}
