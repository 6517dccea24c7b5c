internal import SystemPackage
internal import XIOEngines
internal import XIOSystem

/// Which file a name leads to.
extension Watcher {
  /// Opens the file of a name for the first time.
  func openFirst(_ source: Source) -> Errno? {
    do throws(Errno) {
      let descriptor = try openForReading(source)
      let status = try System.nameStatus(descriptor)
      source.state = .current
      if let shared = known[FileIdentity(status)] {
        share(shared, source)
        try? System.close(descriptor)
      } else {
        adopt(descriptor, status, source, before: nil)
      }
      return nil
    } catch {
      source.state = .missing(error)
      return error
    }
  }

  /// Opens a name without waiting for anybody, and clears what must not be there afterwards.
  private func openForReading(_ source: Source) throws(Errno) -> FileDescriptor {
    let (name, directory) = source.lookup
    let flags: OpenFlags = [.readOnly, .nonBlocking, .noTerminal]
    let descriptor = try withDescriptorsLeft { () throws(Errno) in
      try System.open(name, in: directory, flags)
    }
    do throws(Errno) {
      return try prepare(descriptor, name, directory)
    } catch {
      try? System.close(descriptor)
      throw error
    }
  }

  /// A FIFO that is open for writing, too, never ends; one that shall end must not.
  private func prepare(
    _ descriptor: FileDescriptor, _ name: EntryName, _ directory: FileDescriptor?
  ) throws(Errno) -> FileDescriptor {
    let status = try System.nameStatus(descriptor)
    guard status.kind != .regular else { return descriptor }
    var ready = descriptor
    if status.kind == .pipe, options.reopensFIFOs,
      let both = try? System.open(name, in: directory, [.readWrite, .nonBlocking])
    {
      try? System.close(descriptor)
      ready = both
    }
    if options.blocks, options.reopensFIFOs || status.kind != .pipe {
      let flags = try System.statusFlags(ready)
      try System.setStatusFlags(ready, flags.subtracting(.nonBlocking))
    }
    return ready
  }

  /// Makes an open file a generation of a source.
  ///
  /// - Parameters:
  ///   - descriptor: The open file.
  ///   - status: What it is.
  ///   - source: Whose it is.
  ///   - before: The generation that is younger; nil when this is the youngest.
  /// - Returns: The generation.
  @discardableResult
  func adopt(
    _ descriptor: FileDescriptor, _ status: NameStatus, _ source: Source, before: Generation?
  ) -> Generation {
    let generation = Generation(descriptor, status, source: source)
    known[generation.identity] = generation
    openFiles += 1
    if let entry = ended.entry(generation.identity, birthTime: generation.birthTime) {
      (generation.offset, generation.marker) = (entry.offset, entry.marker)
    }
    ended.remove(generation.identity)
    source.counts.generations += 1
    if source.firstBirthTime == nil { source.firstBirthTime = generation.birthTime }
    generation.fence = fence(generation, isHeld: true)
    if generation.kind.isPositional { enqueue(source) } else { newStreams.append(generation) }
    if let before, let index = source.generations.firstIndex(where: { $0 === before }) {
      source.generations.insert(generation, at: index)
      generation.former = before.former
      // Whose turn it is was settled without it.
      for younger in source.generations[index...] { younger.turn = nil }
      supersede(generation)
    } else {
      let wasCurrent = source.current != nil || source.shared != nil
      if let last = source.generations.last { supersede(last) }
      source.shared = nil
      if let former = source.latest, !former.hasEnded, former.source !== source {
        generation.former = former
      }
      source.latest = generation
      source.generations.append(generation)
      source.state = .current
      if hasBegun { onChange(source, wasCurrent ? .replaced : .appeared) }
      if source.directory?.announcesContent != true { watchContent(generation) }
    }
    return generation
  }

  /// Two names lead to one file, which is read once.
  private func share(_ generation: Generation, _ source: Source) {
    if let last = source.generations.last, last !== generation { supersede(last) }
    source.state = .current
    source.latest = generation
    let owner = generation.source
    guard owner !== source else {
      // A former file has got its name back.
      source.generations.removeAll { $0 === generation }
      source.generations.append(generation)
      generation.isSuperseded = false
      superseded.removeAll { $0 === generation }
      return
    }
    if generation.isSuperseded {
      // It was renamed from one followed name to another.
      hand(generation, to: source)
    } else {
      source.shared = generation
    }
  }

  private func hand(_ generation: Generation, to source: Source) {
    let owner = generation.source
    give(generation, to: source)
    if owner.generations.isEmpty, case .current = owner.state {
      owner.state = .missing(.noSuchFileOrDirectory)
    }
    generation.isSuperseded = false
    superseded.removeAll { $0 === generation }
    guard options.readsRenamedAnew else { return }
    generation.fence = fence(generation, isHeld: true)
    generation.readAnew()
  }

  /// Makes a file another source's, and has the next file of the first one remember it.
  func give(_ generation: Generation, to source: Source) {
    let siblings = generation.source.generations
    if let next = siblings.drop(while: { $0 !== generation }).dropFirst().first {
      next.former = next.former ?? generation
      next.turn = nil
    }
    generation.source.generations.removeAll { $0 === generation }
    generation.source = source
    source.generations.append(generation)
    source.shared = nil
    // The former owner may have been in the queue for it.
    if generation.isDirty { enqueue(source) }
  }

  /// Looks at what a name leads to, and follows it there.
  func check(_ source: Source) {
    source.needsCheck = false
    guard !source.isStandardInput else { return lookAtOpenFile(source) }
    if case .givenUp = source.state { return }
    guard options.byName || source.generations.isEmpty else { return lookAtOpenFile(source) }
    let (name, directory) = source.lookup
    let result = Result { () throws(Errno) in try System.status(of: name, in: directory) }
    switch result {
    case .failure(let errno): lose(source, errno)
    case .success(let status):
      let identity = FileIdentity(status)
      if let current = source.current ?? source.shared, current.identity == identity {
        current.look(status)
        if current.cannotBeRead { current.isDirty = true }
      } else {
        arrive(source, status, identity)
      }
    }
  }

  private func lookAtOpenFile(_ source: Source) {
    guard let generation = source.generations.last, generation.kind.isPositional else { return }
    if let descriptor = generation.descriptor {
      if let status = try? System.nameStatus(descriptor) { generation.look(status) }
      return
    }
    lookAtClosedFile(generation)
  }

  private func lose(_ source: Source, _ errno: Errno) {
    guard case .current = source.state else {
      source.state = isUntailable(source) ? source.state : .missing(errno)
      return
    }
    source.state = .missing(errno)
    source.shared = nil
    if let last = source.generations.last { supersede(last) }
    onChange(source, .inaccessible(errno))
  }

  private func isUntailable(_ source: Source) -> Bool {
    if case .untailable = source.state { true } else { false }
  }

  private func arrive(_ source: Source, _ status: NameStatus, _ identity: FileIdentity) {
    let wasCurrent = source.current != nil || source.shared != nil
    guard [.regular, .pipe, .characterDevice].contains(status.kind) else {
      if !isUntailable(source) {
        // What nobody can open, such as a socket, is as good as not there.
        do throws(Errno) { try System.close(openForReading(source)) } catch {
          return lose(source, error)
        }
        if let last = source.generations.last, wasCurrent { supersede(last) }
        source.shared = nil
        source.state = options.waitsForChange ? .untailable : .givenUp
        onChange(source, .untailable)
      }
      return
    }
    if let generation = known[identity], !generation.hasEnded {
      let isOwn = generation.source === source
      share(generation, source)
      onChange(source, isOwn ? .accessible : wasCurrent ? .replaced : .appeared)
      return
    }
    do throws(Errno) {
      let descriptor = try openForReading(source)
      let status = try System.nameStatus(descriptor)
      if let generation = known[FileIdentity(status)] {
        try? System.close(descriptor)
        source.shared = nil
        share(generation, source)
        onChange(source, wasCurrent ? .replaced : .appeared)
      } else {
        adopt(descriptor, status, source, before: nil)
      }
      watchLinks(of: source)
    } catch {
      // It will be tried again when its attributes change, and with every look.
      lose(source, error)
    }
  }
}

extension Source {
  /// Where the name is looked up.
  var lookup: (name: EntryName, directory: FileDescriptor?) {
    if let descriptor = directory?.descriptor { return (name, descriptor) }
    return (wholeName, nil)
  }
}
