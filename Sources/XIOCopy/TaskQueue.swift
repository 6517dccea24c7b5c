internal import Synchronization
internal import XIOSystem

/// What is to be done, the newest first: so a tree is gone through in depth, and little waits.
final class TaskQueue: @unchecked Sendable {
  enum Task {
    /// Read the next entries of a directory and copy them.
    case list(TreeDirectory)
    /// Copy these entries of a directory, as its listing has them.
    case entries(TreeDirectory, ContiguousArray<UInt8>)
    /// Copy an entry that had to wait for another.
    case copy(TreeDirectory, ContiguousArray<CChar>, ContiguousArray<CChar>)
  }

  private let monitor = Monitor()
  private var tasks: [Task] = []
  private var waiting = 0
  /// Trees that have begun and not ended.
  private var trees = 0
  private var isClosed = false
  /// Threads that wait, less the tasks that there are for them.
  private let unserved = Atomic<Int>(0)

  /// Adds a task. The last one added is the next to be done.
  func add(_ task: Task) {
    monitor.locked {
      tasks.append(task)
      note()
      if waiting > 0 { monitor.wakeOne() }
    }
  }

  /// Whether a thread has nothing to do, as far as can be seen without asking.
  var isWaitedFor: Bool { unserved.load(ordering: .relaxed) > 0 }

  private func note() {
    unserved.store(waiting - tasks.count, ordering: .relaxed)
  }

  /// Whether a tree has begun that has not ended.
  var hasTrees: Bool { monitor.locked { trees > 0 } }

  /// A tree begins.
  func begin() {
    monitor.locked { trees += 1 }
  }

  /// A tree has ended.
  func end() {
    monitor.locked {
      trees -= 1
      if trees == 0 { monitor.wakeAll() }
    }
  }

  /// The next task, when there is one some day.
  ///
  /// - Parameter helps: Whether to wait for the next tree when one has ended.
  /// - Returns: The task; nil when all trees have ended, or for good.
  func next(helps: Bool) -> Task? {
    monitor.locked {
      while true {
        if let task = tasks.popLast() {
          note()
          return task
        }
        if isClosed || !helps && trees == 0 { return nil }
        waiting += 1
        note()
        monitor.wait()
        waiting -= 1
        note()
      }
    }
  }

  /// There will be no more.
  func close() {
    monitor.locked {
      isClosed = true
      monitor.wakeAll()
    }
  }
}
