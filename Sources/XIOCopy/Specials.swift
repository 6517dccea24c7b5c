internal import SystemPackage
internal import XIOSystem

/// Everything that is not read: links, FIFOs, sockets, devices.
extension CopyWorker {
  /// Copies what is no directory, once for all of its names where those are kept.
  func copyFileOnce(_ entry: Entry, _ work: Work) throws(CopyProblem) {
    let mayComeAgain =
      switch options.dereference {
      case .never: work.status.links > 1
      case .operands: work.status.links > 1 || entry.isOperand
      case .always: true
      }
    guard options.kept.contains(.links), mayComeAgain else {
      return try copyContents(entry, work)
    }
    switch ask(entry, work.status.identity) {
    case .later: return
    case .link(let place):
      try link(entry, to: place, work)
      // An earlier run may have met this name first.
      if options.resumes { removeParts(entry) }
      return
    case .first: break
    }
    let result = Result { () throws(CopyProblem) in try copyContents(entry, work) }
    tell(entry, work.status.identity, succeeded: (try? result.get()) != nil)
    try result.get()
  }

  /// Asks whether a file with several names has been copied already.
  func ask(_ entry: Entry, _ identity: EntryStatus.Identity) -> HardLinks.Answer {
    let (parent, source, target) = (entry.parent, entry.sourceName, entry.targetName)
    return run.links.ask(identity) {
      guard let parent else { return nil }
      parent.beginOne()
      return HardLinks.Waiter(
        directory: parent, sourceName: PathName(source).text, targetName: PathName(target).text)
    }
  }

  /// Tells where a file with several names has been copied to.
  func tell(_ entry: Entry, _ identity: EntryStatus.Identity, succeeded: Bool) {
    let place = HardLinks.Place(
      directory: entry.parent, name: PathName(entry.targetName).text)
    for waiter in run.links.tell(identity, succeeded ? place : nil) {
      run.queue.add(.copy(waiter.directory, waiter.sourceName, waiter.targetName))
    }
  }

  /// Gives a copy that was made before another name.
  private func link(
    _ entry: Entry, to place: HardLinks.Place, _ work: Work
  ) throws(CopyProblem) {
    var base = Directory.working
    if let directory = place.directory {
      base = Directory(try directories.acquire(directory).target)
    }
    defer {
      if let directory = place.directory {
        let isFinished = directory.isFinished
        directories.release(directory, isFinished: isFinished)
      }
    }
    if work.existing != nil, !options.appearsWhole { try remove(entry) }
    try staged(entry, replaces: work.existing != nil || work.replaces) {
      (entry) throws(CopyProblem) in
      do throws(Errno) {
        try place.name.withName { (name) throws(Errno) in
          try System.makeLink(
            name, in: base, to: entry.madeName, in: entry.target, follows: false)
        }
      } catch {
        let path = place.name.withName { Entry.path(place.directory?.targetPath, $0) }
        throw .io(IOFailure(.createHardLink(to: path), entry.targetPath, error))
      }
    }
  }

  private func copyContents(_ entry: Entry, _ work: Work) throws(CopyProblem) {
    switch work.status.kind {
    case .regular: try copyFile(entry, work)
    case .symbolicLink:
      try staged(entry, work) { (entry) throws(CopyProblem) in try copySymbolicLink(entry, work) }
    case _ where readsSpecialFiles: try copyFile(entry, work)
    default: try staged(entry, work) { (entry) throws(CopyProblem) in try makeNode(entry, work) }
    }
  }

  private func copySymbolicLink(_ entry: Entry, _ work: Work) throws(CopyProblem) {
    let text: ContiguousArray<CChar>
    do throws(Errno) {
      text = try System.readLink(entry.sourceName, in: entry.source)
    } catch {
      throw .io(IOFailure(.readLink, entry.sourcePath, error))
    }
    try make(entry, work, .createSymbolicLink(to: nil)) { (name) throws(Errno) in
      try text.withName { (text) throws(Errno) in
        try System.makeSymbolicLink(containing: text, named: name, in: entry.target)
      }
    }
    try keepAttributes(entry, work)
  }

  private func makeNode(_ entry: Entry, _ work: Work) throws(CopyProblem) {
    let status = work.status
    // Until everything else is as it should be, nobody else may use it.
    let omitted: UInt32 = options.kept.contains(.ownership) ? 0o077 : 0
    let mode =
      (status.mode & ~0o7777) | (modeOfNewFile(status) & ~omitted & 0o777)
    try make(entry, work, .createNode) { (name) throws(Errno) in
      try System.makeNode(name, in: entry.target, mode: mode, node: status.node)
    }
    try keepAttributes(entry, work)
  }

  /// Makes something that appears complete or not at all.
  private func make(
    _ entry: Entry, _ work: Work, _ action: IOFailure.Action,
    _ body: (NamePointer) throws(Errno) -> Void
  ) throws(CopyProblem) {
    do throws(Errno) {
      try body(entry.madeName)
    } catch {
      guard error == .fileExists, options.forces else {
        throw .io(IOFailure(action, entry.targetPath, error))
      }
      try remove(entry)
      do throws(Errno) {
        try body(entry.targetName)
      } catch {
        throw .io(IOFailure(action, entry.targetPath, error))
      }
    }
  }

  private func keepAttributes(_ entry: Entry, _ work: Work) throws(CopyProblem) {
    try keep(
      entry, work.status, from: AttributeSubject(entry.sourceName, in: entry.source),
      on: AttributeSubject(entry.madeName, in: entry.target), isNew: true)
  }

  // MARK: Links instead of copies

  func makeSymbolicLink(_ entry: Entry, _ work: Work) throws(CopyProblem) {
    let source = PathName(entry.sourcePath)
    // From another directory a relative name leads elsewhere.
    if source.bytes.first != UInt8(ascii: "/"), !Self.isInWorkingDirectory(entry) {
      throw .relativeLink(entry.targetPath)
    }
    let text = source.text
    try staged(entry, work) { (entry) throws(CopyProblem) in
      try make(entry, work, .createSymbolicLink(to: entry.sourcePath)) { (name) throws(Errno) in
        try text.withName { (text) throws(Errno) in
          try System.makeSymbolicLink(containing: text, named: name, in: entry.target)
        }
      }
    }
  }

  private static func isInWorkingDirectory(_ entry: Entry) -> Bool {
    let directory = PathName(entry.targetPath).directory
    let here: ContiguousArray<CChar> = [46, 0]
    let identities = [directory.text, here].map { name in
      name.withName { try? System.entryStatus($0, in: .working, follows: true).identity }
    }
    // Where that cannot be known, making the link will say why.
    return identities.contains(nil) || identities[0] == identities[1]
  }

  func makeHardLink(_ entry: Entry, _ work: Work) throws(CopyProblem) {
    try staged(entry, work) { (entry) throws(CopyProblem) in
      try make(entry, work, .createHardLink(to: entry.sourcePath)) { (name) throws(Errno) in
        try System.makeLink(
          entry.sourceName, in: entry.source, to: name, in: entry.target, follows: follows(entry))
      }
    }
  }
}

extension PathName {
  /// Takes a name for messages, in which a dot stands behind a slash at its end.
  init(_ path: FilePath) {
    let bytes = path.bytes
    self.init(bytes.suffix(2).elementsEqual("/.".utf8) ? bytes.dropLast() : bytes)
  }
}
