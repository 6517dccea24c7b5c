public import SystemPackage
public import XIOSystem

/// One source as it is named on the command line.
public enum SourceSpecification: Sendable, Equatable {
  /// Where a socket is.
  public enum Place: Sendable, Equatable {
    case unix(FilePath)
    /// The Internet; without a host it is this machine alone.
    case internet(host: String?, port: String)
  }

  /// What can stand before a colon.
  public enum Scheme: String, Sendable, CaseIterable {
    case fd, cmd, file, unix, seqpacket, tcp, udp
    case unixDatagram = "unix-dgram", unixListen = "unix-listen"
    case unixDatagramListen = "unix-dgram-listen", seqpacketListen = "seqpacket-listen"
    case tcpListen = "tcp-listen", udpListen = "udp-listen"
  }

  /// A file, FIFO or device by its name.
  case path(FilePath)
  /// Files by a pattern, now and later.
  case glob([UInt8])
  case descriptor(Int32)
  /// What a command of the shell prints.
  case command([UInt8])
  case connect(SocketKind, Place)
  case listen(SocketKind, Place)

  /// Understands an operand.
  ///
  /// - Parameter bytes: The operand.
  /// - Throws: ``SourceProblem``.
  public init(_ bytes: [UInt8]) throws(SourceProblem) {
    if bytes == [UInt8(ascii: "-")] {
      self = .descriptor(0)
      return
    }
    if let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
      if let scheme = Scheme(rawValue: String(decoding: bytes[..<colon], as: UTF8.self)) {
        self = try Self.with(scheme, Array(bytes[(colon + 1)...]))
        return
      }
    }
    self = try Self.named(bytes)
  }

  private static func with(
    _ scheme: Scheme, _ rest: [UInt8]
  ) throws(SourceProblem) -> SourceSpecification {
    switch scheme {
    case .fd:
      guard let number = Int32(String(decoding: rest, as: UTF8.self)), number >= 0 else {
        throw SourceProblem("fd:", rest, "is no number of a descriptor")
      }
      return .descriptor(number)
    case .cmd:
      guard !rest.isEmpty else { throw SourceProblem("cmd:", rest, "has no command") }
      return .command(rest)
    case .file: return try named(rest)
    case .unix: return .connect(.stream, try unix(scheme, rest))
    case .unixDatagram: return .connect(.datagram, try unix(scheme, rest))
    case .seqpacket: return .connect(.seqpacket, try unix(scheme, rest))
    case .unixListen: return .listen(.stream, try unix(scheme, rest))
    case .unixDatagramListen: return .listen(.datagram, try unix(scheme, rest))
    case .seqpacketListen: return .listen(.seqpacket, try unix(scheme, rest))
    case .tcp: return .connect(.stream, try internet(scheme, rest, needsHost: true))
    case .udp: return .connect(.datagram, try internet(scheme, rest, needsHost: true))
    case .tcpListen: return .listen(.stream, try internet(scheme, rest, needsHost: false))
    case .udpListen: return .listen(.datagram, try internet(scheme, rest, needsHost: false))
    }
  }

  private static func named(_ bytes: [UInt8]) throws(SourceProblem) -> SourceSpecification {
    guard !bytes.isEmpty else { throw SourceProblem("", bytes, "is no name") }
    let path = path(bytes)
    // A name with brackets that is there is that of a file.
    let isPattern = bytes.contains { "*?[".utf8.contains($0) }
    if isPattern, (try? System.status(path)) == nil { return .glob(bytes) }
    return .path(path)
  }

  private static func unix(
    _ scheme: Scheme, _ rest: [UInt8]
  ) throws(SourceProblem) -> Place {
    guard !rest.isEmpty else { throw SourceProblem(scheme.rawValue + ":", rest, "has no path") }
    return .unix(path(rest))
  }

  /// `HOST:PORT`, `[ADDRESS]:PORT` or, where this machine is meant, `PORT`.
  private static func internet(
    _ scheme: Scheme, _ rest: [UInt8], needsHost: Bool
  ) throws(SourceProblem) -> Place {
    let text = String(decoding: rest, as: UTF8.self)
    func problem(_ what: String) -> SourceProblem {
      SourceProblem(scheme.rawValue + ":", rest, what)
    }
    if text.hasPrefix("[") {
      guard let close = text.firstIndex(of: "]"), text[close...].hasPrefix("]:") else {
        throw problem("has no port behind its address")
      }
      let port = String(text[close...].dropFirst(2))
      guard !port.isEmpty else { throw problem("has no port") }
      return .internet(host: String(text[text.index(after: text.startIndex)..<close]), port: port)
    }
    let pieces = text.split(separator: ":", omittingEmptySubsequences: false)
    guard pieces.count <= 2 else { throw problem("needs brackets around an address of IPv6") }
    guard let port = pieces.last, !port.isEmpty else { throw problem("has no port") }
    guard pieces.count == 2, let host = pieces.first, !host.isEmpty else {
      if needsHost {
        throw problem("needs a host and a port, as in \(scheme.rawValue):localhost:5000")
      }
      return .internet(host: nil, port: String(port))
    }
    return .internet(host: String(host), port: String(port))
  }

  static func path(_ bytes: [UInt8]) -> FilePath { FilePath(name: bytes) }
}

/// Why an operand is no source.
public struct SourceProblem: Error, Sendable {
  /// The operand, as it may be shown, and what is wrong with it.
  public var name: String, message: String

  init(_ scheme: String, _ rest: [UInt8], _ message: String) {
    name = scheme + String(decoding: LabelTemplate.escaped(rest), as: UTF8.self)
    self.message = message
  }
}
