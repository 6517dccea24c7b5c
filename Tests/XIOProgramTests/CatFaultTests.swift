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
  /// What of a system call fails.
  private struct Fault {
    var call: String
    /// Which of the calls, as strace(1) takes it.
    var when: [String]
    var options: [String] = []

    init(_ call: String, _ when: String..., options: [String] = []) {
      (self.call, self.when, self.options) = (call, when, options)
    }
  }

  /// The calls that are made on each route, as often as they are.
  private static let faults: [Route: [Fault]] = [
    .fileToPipe: [
      Fault("splice", "1", "2", "10"), Fault("pipe2", "1"),
      Fault("pread64", "1", "2", "10", options: ["--engine=blocking"]),
      Fault("write", "1", "2", "10", options: ["--engine=blocking"]),
    ],
    .pipeToPipe: [
      Fault("splice", "1", "2", "10"), Fault("read", "1", "2"), Fault("write", "1"),
      Fault("read", "1", "2", "10", options: ["--engine=blocking"]),
      Fault("write", "1", "2", "10", options: ["--engine=blocking"]),
    ],
    .fileToFile: [
      Fault("ioctl", "1", "2+"), Fault("copy_file_range", "1", "2"),
      Fault("pread64", "1", "2", "10", options: ["--engine=blocking"]),
      Fault("write", "1", "2", "10", options: ["--engine=blocking"]),
    ],
    .pipeToFile: [Fault("read", "1", "2", "10"), Fault("write", "1", "2", "10")],
    .fileToNull: [Fault("sendfile", "1", "2")],
  ]
  private static let offloads = ["splice", "copy_file_range", "sendfile", "ioctl", "pipe2"]

  /// The output is right, or it is the beginning of what was to come and an error says why.
  private func run(
    _ route: Route, _ options: [String], _ injections: [String], expecting bytes: [UInt8],
    mustHappen: Bool = false
  ) throws {
    let directory = try TestDirectory(on: .ext4)
    let log = directory.path(of: "log")
    let source = try directory.write("source", Self.bytes)
    var program = try xioProgram(["cat"] + options)
    program.strace = straceInjecting(injections, log: log)
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
    if mustHappen {
      let calls = String(decoding: try directory.read("log"), as: UTF8.self)
      #expect(calls.contains("INJECTED"), what)
    }
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
    for fault in Self.faults[route] ?? [] {
      for errno in ["ENOSYS", "EINVAL", "EAGAIN"] {
        for place in fault.when {
          try run(
            route, fault.options, ["\(fault.call):error=\(errno):when=\(place)"],
            expecting: Self.bytes, mustHappen: true)
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
