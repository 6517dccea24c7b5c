internal import SystemPackage
internal import XIOEngines
internal import XIOFollow
internal import XIOSystem

/// All sources, as they are when the job begins.
final class OpenedSources {
  var feeds: [Feed] = []
  var listeners: [Listener] = []
  var connectors: [Connector] = []
  var watcher: Watcher?
  var globs: GlobWatcher?
  var checkpoint: Checkpoint?
  let children = Children()
  /// Files of Unix sockets, to be removed at the end.
  var socketFiles: [SocketFile] = []

  /// How many sources are read as streams.
  var streamCount: Int { feeds.count { $0.endpoint != nil } + connectors.count }

  /// How many connections there can be at once.
  func connectionLimit(_ options: FaninOptions) -> Int {
    listeners.isEmpty ? 0 : options.connections
  }

  /// How many buffers sources need at most; a followed name can come to lead to a FIFO.
  func slotCount(_ options: FaninOptions) -> Int {
    let names = feeds.count { $0.file != nil }
    return streamCount + listeners.count + connectionLimit(options) + min(names, 64)
      + (globs?.hasPatterns == true ? 64 : 0)
  }

  var highestDescriptor: Int32 {
    let own = feeds.compactMap { $0.endpoint?.descriptor.rawValue }
    let listening = listeners.map(\.socket.rawValue)
    return (own + listening).max() ?? 0
  }

  /// Has descriptors wait, or not, as the engine needs it.
  ///
  /// - Throws: ``FaninError``.
  func setBlocking(_ blocks: Bool) throws(FaninError) {
    for feed in feeds where feed.ownsDescriptor && !feed.takesRecords {
      guard let endpoint = feed.endpoint, !endpoint.kind.isPositional else { continue }
      do throws(Errno) {
        let flags = try System.statusFlags(endpoint.descriptor)
        try System.setStatusFlags(
          endpoint.descriptor,
          blocks ? flags.subtracting(.nonBlocking) : flags.union(.nonBlocking))
      } catch {
        throw .io(IOFailure(.prepare, SourceSpecification.path(feed.title.path), error))
      }
    }
  }

  /// Lets pipes hold as much as one read can take, where that is more than they do.
  func enlargePipes(to size: Int) {
    guard size > 64 << 10 else { return }
    // Whoever has had too many large pipes keeps small ones, which do as well.
    for feed in feeds where feed.endpoint?.kind == .pipe {
      if let descriptor = feed.endpoint?.descriptor {
        try? System.setPipeSize(descriptor, to: size)
      }
    }
  }

  /// Removes what was made, and ends what was started.
  func close() {
    children.endAll()
    for file in socketFiles { file.remove() }
  }
}

/// Opens sources.
struct SourceOpener {
  let options: FaninOptions
  let factory: FeedFactory
  let onNotice: (FaninNotice) -> Void
  private let blocks: Bool
  private let opened = OpenedSources()

  init(
    _ options: FaninOptions, _ factory: FeedFactory, blocks: Bool,
    onNotice: @escaping (FaninNotice) -> Void
  ) {
    self.options = options
    self.factory = factory
    self.blocks = blocks
    self.onNotice = onNotice
  }

  /// Opens all sources.
  ///
  /// - Parameter list: The sources with their names.
  /// - Returns: What is there now.
  /// - Throws: ``FaninError`` when a socket, a command or a descriptor cannot be had; names may come to lead
  ///   somewhere later.
  func open(
    _ list: [(name: [UInt8], source: SourceSpecification)]
  ) throws(FaninError) -> OpenedSources {
    opened.children.onNotice = onNotice
    _ = System.raiseDescriptorLimit()
    do throws(IOFailure) {
      let positions = try positions()
      for (name, source) in list { try open(name, source, positions) }
      let patterns = list.compactMap { if case .glob(let bytes) = $0.source { bytes } else { nil } }
      try addGlobs(patterns, positions)
      return opened
    } catch {
      opened.close()
      throw .io(error)
    }
  }

  private func positions() throws(IOFailure) -> [[UInt8]: [FilePosition]] {
    guard let path = options.checkpoint else { return [:] }
    let checkpoint = Checkpoint(
      path, delimiter: options.delimiter.count == 1 ? options.delimiter.first : nil)
    opened.checkpoint = checkpoint
    do throws(Errno) {
      return try checkpoint.load() ?? [:]
    } catch {
      let isOther = error == .invalidArgument
      throw IOFailure(
        .prepare, path, isOther ? nil : error,
        reason: isOther ? "not a checkpoint of this program" : nil,
        hint: "name another file, or remove this one to begin anew")
    }
  }

  private func open(
    _ name: [UInt8], _ source: SourceSpecification, _ positions: [[UInt8]: [FilePosition]]
  ) throws(IOFailure) {
    switch source {
    case .path(let path): try open(path, positions)
    case .glob: break
    case .descriptor(let number): try open(descriptor: number, name)
    case .command(let command):
      let path = SourceSpecification.path(name)
      let (process, output) = try System.attempt(.open, path) { () throws(Errno) in
        try System.spawn(shell: command)
      }
      var title = FeedTitle(spec: name)
      title.process = process
      let feed = factory.make(
        title, endpoint: Endpoint(descriptor: output, kind: .pipe, position: .stream))
      feed.process = process
      opened.feeds.append(feed)
      opened.children.add(feed)
    case .connect(let kind, let place):
      let feed = factory.make(FeedTitle(spec: name), takesRecords: kind != .stream)
      feed.endsWithEmptyRecord = kind == .seqpacket
      let connector = Connector(kind, place, feed)
      feed.connector = connector
      opened.connectors.append(connector)
    case .listen(let kind, let place): try listen(kind, place, name)
    }
  }

  // MARK: Names

  private func open(
    _ path: FilePath, _ positions: [[UInt8]: [FilePosition]]
  ) throws(IOFailure) {
    let kind = try? System.status(path).kind
    switch kind {
    case .regular where !options.readsFilesOnce, nil where !options.readsFilesOnce:
      follow(path, positions)
    case .socket:
      onNotice(
        .io(
          IOFailure(
            .openForReading, path, nil, reason: "it is a socket",
            hint: "say unix:PATH to connect to it, or unix-listen:PATH to take its place")))
    case .directory: onNotice(.io(IOFailure(.read, path, .isDirectory)))
    default:
      do throws(IOFailure) {
        let descriptor = try System.attempt(.openForReading, path) { () throws(Errno) in
          try System.open(path, [.readOnly, .nonBlocking, .noTerminal])
        }
        let found = try System.attempt(.stat, path) { () throws(Errno) in
          try System.status(descriptor)
        }
        add(descriptor, found.kind, FeedTitle(path: path), from: found.kind.isPositional ? 0 : nil)
      } catch {
        onNotice(.io(error))
      }
    }
  }

  private func add(
    _ descriptor: FileDescriptor, _ kind: FileKind, _ title: FeedTitle, from offset: Int64?,
    owns: Bool = true
  ) {
    let feed = factory.make(
      title,
      endpoint: Endpoint(
        descriptor: descriptor, kind: kind, position: offset == nil ? .stream : .offset(0)))
    feed.offset = offset
    feed.ownsDescriptor = owns
    opened.feeds.append(feed)
  }

  private func makeWatcher() -> Watcher {
    if let watcher = opened.watcher { return watcher }
    let watcher = Watcher(
      WatchOptions(
        byName: true, retries: true, interval: options.interval, blocks: blocks,
        eventsBlock: blocks,
        reopensFIFOs: false))
    let tell = onNotice
    watcher.onLimit = { message, hint in tell(.message("\(message) (\(hint))")) }
    watcher.onRestart = { generation, lost in
      guard lost > 0 else { return }
      tell(
        .about(
          FeedTitle(path: generation.source.path), "file truncated; \(lost) bytes were lost"))
    }
    if let checkpoint = opened.checkpoint { watcher.onEnd = { checkpoint.didEnd($0) } }
    opened.watcher = watcher
    return watcher
  }

  private func follow(
    _ path: FilePath, _ positions: [[UInt8]: [FilePosition]], isMatch: Bool = false
  ) {
    let watcher = makeWatcher()
    let (source, failure) = watcher.add(path)
    if let failure { onNotice(.io(IOFailure(.openForReading, path, failure))) }
    if let checkpoint = opened.checkpoint, let former = positions[source.pathBytes] {
      watcher.resume(source, at: former, checkpoint)
    } else if options.start == .end, let generation = source.current, generation.kind == .regular {
      generation.begin(at: generation.seenSize)
    }
    let feed = factory.make(FeedTitle(path: path), file: source)
    feed.isMatch = isMatch
    opened.feeds.append(feed)
  }

  private func addGlobs(
    _ patterns: [[UInt8]], _ positions: [[UInt8]: [FilePosition]]
  ) throws(IOFailure) {
    guard !patterns.isEmpty else { return }
    let globs = GlobWatcher(patterns, excludes: options.excludes, blocking: blocks)
    if options.readsFilesOnce {
      for path in globs.newMatches() { try open(path, [:]) }
      for pattern in patterns where !globs.hasMatches(pattern) {
        onNotice(
          .io(
            IOFailure(
              .openForReading, SourceSpecification.path(pattern), nil, reason: "no file matches it")
          ))
      }
      return
    }
    _ = makeWatcher()
    opened.globs = globs
    for path in globs.newMatches() { follow(path, positions, isMatch: true) }
  }

  // MARK: Descriptors

  private func open(descriptor number: Int32, _ name: [UInt8]) throws(IOFailure) {
    let path = SourceSpecification.path(name)
    let descriptor = FileDescriptor(rawValue: number)
    let (kind, canRead) = try System.attempt(.prepare, path) { () throws(Errno) in
      (try System.status(descriptor).kind, try System.statusFlags(descriptor).canRead)
    }
    guard canRead else { throw IOFailure(.read, path, .badFileDescriptor) }
    if kind == .directory { throw IOFailure(.read, path, .isDirectory) }
    try System.attempt(.read, path) { () throws(Errno) in try System.checkRead(descriptor, kind) }
    let offset = kind.isPositional ? (try? System.position(descriptor)) ?? 0 : nil
    add(descriptor, kind, FeedTitle(spec: name), from: offset, owns: false)
  }

  // MARK: Sockets

  private func listen(
    _ kind: SocketKind, _ place: SourceSpecification.Place, _ name: [UInt8]
  ) throws(IOFailure) {
    switch place {
    case .unix(let path):
      let (socket, file) = try Listening.bind(path, kind)
      if let file { opened.socketFiles.append(file) }
      add(socket, kind, name, file)
    case .internet(let host, let port):
      let bound = try Listening.bind(host, port, kind, SourceSpecification.path(name))
      for (socket, address) in bound {
        // Whoever leaves the choice to the kernel wants to know.
        if port == "0" {
          onNotice(.about(FeedTitle(spec: name), "listens on \(address.text)"))
        }
        add(socket, kind, name, nil)
      }
    }
  }

  private func add(
    _ socket: FileDescriptor, _ kind: SocketKind, _ name: [UInt8], _ file: SocketFile?
  ) {
    let title = FeedTitle(spec: name)
    guard kind == .datagram else {
      let listener = Listener(socket, factory.make(title), kind, file)
      opened.listeners.append(listener)
      return
    }
    try? System.countDrops(socket)
    let feed = factory.make(
      title, endpoint: Endpoint(descriptor: socket, kind: .socket, position: .stream),
      takesRecords: true)
    opened.feeds.append(feed)
  }
}

extension FeedTitle {
  /// A file is called by the last part of its name.
  init(path: FilePath) {
    let bytes = path.withPlatformString {
      Array(UnsafeRawBufferPointer(start: $0, count: path.length))
    }
    name = bytes.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? bytes
    self.path = bytes
  }

  /// Everything else is called as it was named.
  init(spec: [UInt8]) {
    name = spec == [UInt8(ascii: "-")] ? Array("stdin".utf8) : spec
    path = spec
  }
}
