import SystemPackage
import Testing
import XIOTestSupport

/// Calls that the kernel refuses, somewhere in a stream.
@Suite struct CatFaultTests {
  /// Where bytes come from and go.
  enum Route: String, CaseIterable, Sendable {
    case fileToPipe, pipeToPipe, fileToFile, pipeToFile, fileToNull
  }

  private static let bytes = {
    var random = RandomBytes(seed: 3)
    return random.next((5 << 20) + 712_345)
  }()
  /// The calls that are made on each route, and one that never is.
  private static let calls: [Route: [String]] = [
    .fileToPipe: ["splice", "pipe2", "read", "write", "fcntl", "tee"],
    .pipeToPipe: ["splice", "read", "write"],
    .fileToFile: ["ioctl", "copy_file_range", "read", "write"],
    .pipeToFile: ["read", "write"],
    .fileToNull: ["sendfile"],
  ]
  private static let offloads = ["splice", "copy_file_range", "sendfile", "ioctl", "pipe2"]

  /// The output is right, or it is the beginning of what was to come and an error says why.
  private func run(
    _ route: Route, _ options: [String], _ injections: [String], expecting bytes: [UInt8]
  ) throws {
    let directory = try TestDirectory(on: .ext4)
    let source = try directory.write("source", Self.bytes)
    var program = try xioProgram(["cat"] + options)
    program.strace = straceInjecting(injections)
    switch route {
    case .fileToPipe, .fileToFile, .fileToNull: program.arguments.append(source)
    case .pipeToPipe, .pipeToFile: program.input = .bytes(Self.bytes)
    }
    switch route {
    case .fileToPipe, .pipeToPipe: break
    case .fileToFile, .pipeToFile: program.output = .file(directory.path(of: "target"))
    case .fileToNull: program.output = .null
    }
    let result = try program.run()
    let what: Comment = "\(route) \(options) \(injections): \(result.ending) \(result.errorText)"
    if route != .fileToNull {
      let isInFile = route == .fileToFile || route == .pipeToFile
      let output = isInFile ? try directory.read("target") : result.output
      let right = result.ending == .status(0) ? bytes : Array(bytes.prefix(output.count))
      let isRight = isSame(output, right)
      #expect(isRight, what)
    }
    if result.ending == .status(0) {
      #expect(result.errorOutput.isEmpty, what)
    } else {
      expectMessage(result, "xio cat: ")
      // Only calls that have no substitute end in an error.
      let injection = injections.first ?? ""
      #expect(["read", "pread", "write"].contains { injection.hasPrefix($0) }, what)
      #expect(!injection.contains("EAGAIN"), what)
    }
  }

  @Test(arguments: Route.allCases)
  func fallsBackOrSaysWhy(_ route: Route) throws {
    for call in Self.calls[route] ?? [] {
      for errno in ["ENOSYS", "EINVAL", "EAGAIN"] {
        for nth in [1, 2, 10] {
          // The first calls look whether standard streams are open.
          if call == "fcntl", nth < 10 { continue }
          try run(route, [], ["\(call):error=\(errno):when=\(nth)"], expecting: Self.bytes)
        }
      }
    }
  }

  /// Nothing but plain calls is left, or nothing but the last way inside the kernel.
  @Test(arguments: Route.allCases)
  func goesOnWithWhatIsLeft(_ route: Route) throws {
    for errno in ["ENOSYS", "EINVAL", "EPERM"] {
      for count in 1...Self.offloads.count {
        let refused = Self.offloads.suffix(count) + (count < 3 ? ["copy_file_range"] : [])
        try run(route, [], refused.map { "\($0):error=\(errno)" }, expecting: Self.bytes)
      }
    }
  }

  @Test(arguments: ["read", "write", "pread64", "ppoll"], [Route.fileToPipe, .pipeToFile])
  func formatsOrSaysWhy(_ call: String, _ route: Route) throws {
    let formatted = try TestProgram("/usr/bin/cat", ["-A"]).with(input: Self.bytes).run().output
    for errno in ["ENOSYS", "EINVAL", "EAGAIN", "EINTR"] {
      for nth in [1, 2, 10] {
        if call == "ppoll", errno != "EINTR" { continue }
        try run(route, ["-A"], ["\(call):error=\(errno):when=\(nth)"], expecting: formatted)
      }
    }
  }
}

extension TestProgram {
  /// The same command with some input, and output to a descriptor if one is named.
  func with(input bytes: [UInt8], to output: FileDescriptor? = nil) -> TestProgram {
    var program = self
    program.input = .bytes(bytes)
    if let output { program.output = .descriptor(output) }
    return program
  }
}
