internal import SystemPackage
internal import XIOSystem

/// The directories that a thread has open: as many as there may be, however deep the tree is.
///
/// One that was closed to make room is opened again by its name in its parent, and must still be the same. Each
/// thread has descriptors of its own, for it may have a table of its own of them.
final class DirectoryCache {
  /// A directory that is open.
  private final class Node {
    let number: Int
    let pair: Pair
    var users = 1
    // Its neighbours while it is not in use.
    weak var previous: Node?
    var next: Node?

    init(_ number: Int, _ pair: Pair) {
      self.number = number
      self.pair = pair
    }
  }

  private let capacity: Int
  private var nodes: [Int: Node] = [:]
  private var idleCount = 0
  // Directories that are not in use, the one that was used longest ago first.
  private var firstIdle: Node?
  private weak var lastIdle: Node?

  /// Takes the number of directories that may be open and not in use; each has two descriptors.
  init(capacity: Int) {
    self.capacity = capacity
  }

  /// Closes all of them.
  func close() {
    for node in nodes.values { close(node.pair) }
    nodes.removeAll()
    (firstIdle, idleCount) = (nil, 0)
  }

  /// Both ends of a directory.
  struct Pair {
    var source: FileDescriptor, target: FileDescriptor
  }

  /// Opens both ends, or returns them as they are. They stay open until ``release(_:isFinished:)``.
  ///
  /// - Throws: ``CopyProblem`` when one cannot be opened or has been replaced.
  func acquire(_ directory: TreeDirectory) throws(CopyProblem) -> Pair {
    if let pair = take(directory) { return pair }
    // From the nearest ancestor that is open downwards: a tree can be deeper than a stack.
    var path = [directory]
    var base: TreeDirectory?
    var pair: Pair?
    while pair == nil, let parent = path[path.count - 1].parent {
      pair = take(parent)
      if pair == nil { path.append(parent) } else { base = parent }
    }
    for next in path.reversed() {
      let opened = Result { [pair] () throws(CopyProblem) in try open(next, in: pair) }
      if let base { release(base) }
      pair = try opened.get()
      base = next
    }
    guard let pair else { throw .replaced(directory.sourcePath) }
    return pair
  }

  /// Gives up a use of a directory.
  ///
  /// - Parameters:
  ///   - directory: The directory.
  ///   - isFinished: Whether it will not be needed again, unless a hard link leads back to it.
  func release(_ directory: TreeDirectory, isFinished: Bool = false) {
    guard let node = nodes[directory.number] else { return }
    node.users -= 1
    guard node.users == 0 else { return }
    if isFinished { return forget(node) }
    append(node)
    while idleCount > capacity, let oldest = firstIdle {
      remove(oldest)
      forget(oldest)
    }
  }

  private func take(_ directory: TreeDirectory) -> Pair? {
    guard let node = nodes[directory.number] else { return nil }
    if node.users == 0 { remove(node) }
    node.users += 1
    return node.pair
  }

  private func open(_ directory: TreeDirectory, in base: Pair?) throws(CopyProblem) -> Pair {
    let source = try openSource(directory, base.map { Directory($0.source) } ?? .working)
    do throws(CopyProblem) {
      let target = try openTarget(directory, base.map { Directory($0.target) } ?? .working)
      let pair = Pair(source: source, target: target)
      nodes[directory.number] = Node(directory.number, pair)
      return pair
    } catch {
      try? System.close(source)
      throw error
    }
  }

  private func openSource(
    _ directory: TreeDirectory, _ base: Directory
  ) throws(CopyProblem) -> FileDescriptor {
    let flags: OpenFlags = [.readOnly, .directory, .nonBlocking]
    let opened: FileDescriptor
    do throws(Errno) {
      opened = try directory.sourceName.withName { (name) throws(Errno) in
        try System.open(name, in: base, directory.followsSource ? flags : flags.union(.noFollow))
      }
    } catch {
      guard error == .notDirectory || error == .tooManySymbolicLinkLevels else {
        throw .io(IOFailure(.access, directory.sourcePath, error))
      }
      throw .replaced(directory.sourcePath)
    }
    do throws(Errno) {
      if try System.entryStatus(opened).identity == directory.status.identity { return opened }
    } catch {
      try? System.close(opened)
      throw .io(IOFailure(.stat, directory.sourcePath, error))
    }
    try? System.close(opened)
    throw .replaced(directory.sourcePath)
  }

  private func openTarget(
    _ directory: TreeDirectory, _ base: Directory
  ) throws(CopyProblem) -> FileDescriptor {
    var flags: OpenFlags = [.readOnly, .directory]
    if !directory.followsTarget { flags.insert(.noFollow) }
    var isPlace = false
    let opened: FileDescriptor
    do throws(Errno) {
      opened = try directory.targetName.withName { [flags] (name) throws(Errno) in
        do throws(Errno) {
          return try System.open(name, in: base, flags)
        } catch {
          // Names can be made in a directory that cannot be listed.
          guard error == .permissionDenied else { throw error }
          isPlace = true
          return try System.open(name, in: base, flags.union(.place))
        }
      }
    } catch {
      throw .io(IOFailure(.access, directory.targetPath, error))
    }
    do throws(Errno) {
      if try directory.isTarget(System.entryStatus(opened), isPlace: isPlace) { return opened }
    } catch {
      try? System.close(opened)
      throw .io(IOFailure(.stat, directory.targetPath, error))
    }
    try? System.close(opened)
    throw .replaced(directory.targetPath)
  }

  private func forget(_ node: Node) {
    nodes[node.number] = nil
    close(node.pair)
  }

  private func close(_ pair: Pair) {
    // Nothing was written through these descriptors: there is no error that could matter.
    try? System.close(pair.source)
    try? System.close(pair.target)
  }

  private func append(_ node: Node) {
    idleCount += 1
    node.previous = lastIdle
    if let last = lastIdle { last.next = node } else { firstIdle = node }
    lastIdle = node
  }

  private func remove(_ node: Node) {
    idleCount -= 1
    if let previous = node.previous { previous.next = node.next } else { firstIdle = node.next }
    if let next = node.next { next.previous = node.previous } else { lastIdle = node.previous }
    (node.next, node.previous) = (nil, nil)
  }
}
