import Glibc
import SystemPackage
import Testing
import XIOTestSupport

/// What happens to a log while it is followed; in all of these nothing may be missing.
enum RotationScenario: String, CaseIterable, Sendable {
  /// Renamed and made anew, with the writer on the old file for some milliseconds more.
  case renamedThenMade0, renamedThenMade20, renamedThenMade500, renamedThenMade2000
  /// Rotated as fast as can be.
  case rotatedAtOnce
  /// Rotated five times while nobody reads what is printed.
  case reader1sAway, reader5sAway
  case compressedThenRemoved
  case linkRepointed
  case directoryReplaced
  case renamedAwayAndBack
  /// Named by two hard links and a second time.
  case namedThreeTimes
  /// The same behind the back of a follow that is stopped.
  case namedThreeTimesUnseen
  case removedThenMade
  case coveredByBindMount
  case directoryCovered
  /// Copied and cut, with a writer that waits until that is done.
  case copiedThenCut
  /// Cut and grown beyond what it was, behind the back of a follow that is stopped.
  case cutThenRegrown
  /// Cut under a writer that goes on at its old place.
  case cutUnderWriter

  /// Whether the log has two names that are followed.
  var isNamedTwice: Bool { self == .namedThreeTimes || self == .namedThreeTimesUnseen }

  /// Whether it is mostly time that passes.
  var lastsLong: Bool { self == .reader5sAway || self == .renamedThenMade2000 }

  func stage(_ rotation: RotationCase) throws -> RotationStage {
    switch self {
    case .reader1sAway, .reader5sAway: try RotationStage(rotation, reads: false)
    case .linkRepointed:
      try RotationStage(rotation) { [try $0.directory.makeLink("current", to: $0.log)] }
    case .namedThreeTimes, .namedThreeTimesUnseen:
      try RotationStage(rotation) { place in
        try makeEmpty(place.log)
        let other = try place.directory.makeHardLink("other", to: place.log)
        return [place.log, other, place.log]
      }
    case .cutUnderWriter: try RotationStage(rotation, appends: false)
    default: try RotationStage(rotation)
    }
  }

  func play(_ stage: RotationStage) throws {
    switch self {
    case .renamedThenMade0: try stage.rename(times: 5, staying: .zero)
    case .renamedThenMade20: try stage.rename(times: 5, staying: .milliseconds(20))
    case .renamedThenMade500: try stage.rename(times: 1, staying: .milliseconds(500))
    case .renamedThenMade2000: try stage.rename(times: 1, staying: .seconds(2))
    case .rotatedAtOnce: try stage.rotateAtOnce()
    case .reader1sAway: try stage.rotateUnread(.seconds(1))
    case .reader5sAway: try stage.rotateUnread(.seconds(5))
    case .compressedThenRemoved: try stage.compress()
    case .linkRepointed: try stage.repointLink()
    case .directoryReplaced: try stage.replaceDirectory()
    case .renamedAwayAndBack: try stage.renameAwayAndBack()
    case .namedThreeTimes: try stage.rename(times: 2, staying: .milliseconds(20))
    case .namedThreeTimesUnseen: try stage.renameWhileStopped()
    case .removedThenMade: try stage.removeAndMake()
    case .coveredByBindMount: try stage.coverByBindMount()
    case .directoryCovered: try stage.coverDirectory()
    case .copiedThenCut: try stage.copyAndCut()
    case .cutThenRegrown: try stage.regrowWhileStopped()
    case .cutUnderWriter: try stage.cutUnderWriter()
    }
  }
}

extension RotationStage {
  fileprivate func rename(times: Int, staying time: Duration) throws {
    for _ in 0..<times {
      try writer.write(300)
      try moveAway()
      try makeEmpty(log)
      try writer.write(for: time)
      try writer.write(20)
      try writer.reopen()
      try writer.write(100)
    }
  }

  /// Each file is seen before the next one comes: what is gone before the follow has had a turn of
  /// the processor is lost to everybody.
  fileprivate func rotateAtOnce() throws {
    for _ in 0..<40 {
      try expectAll()
      try writer.write(10)
      try moveAway()
      try writer.reopen()
      try writer.write(5)
    }
  }

  fileprivate func rotateUnread(_ time: Duration) throws {
    for _ in 0..<5 {
      try writer.write(2000)
      try moveAway()
      try writer.reopen()
    }
    try writer.write(for: time)
  }

  /// A file that nobody has seen when it is removed cannot be read.
  fileprivate func compress() throws {
    for _ in 0..<8 {
      try writer.write(10)
      try moveAway()
      try writer.reopen()
      try writer.write(5)
      try expectAll()
      try runTool("gzip", "-f", old(1))
      try remove(FilePath("\(old(1)).gz"))
    }
  }

  /// Where a link has led to that leads elsewhere by now can be learnt from nobody.
  fileprivate func repointLink() throws {
    let link = directory.path(of: "current")
    for number in 1...4 {
      try expectAll()
      try writer.write(100)
      let next = logs.appending("b\(number).log")
      try makeEmpty(next)
      try move(try directory.makeLink("next", to: next), to: link)
      try writer.write(for: .milliseconds(20))
      writer.path = next
      try writer.reopen()
      try writer.write(50)
    }
  }

  fileprivate func replaceDirectory() throws {
    for number in 1...4 {
      try expectAll()
      try writer.write(200)
      try move(logs, to: directory.path(of: "logs.\(number)"))
      try directory.makeDirectory("logs")
      try writer.write(20)
      try writer.reopen()
      try writer.write(100)
      try moveAway()
      try writer.reopen()
      try writer.write(for: .milliseconds(20))
    }
  }

  fileprivate func renameAwayAndBack() throws {
    for _ in 0..<5 {
      try writer.write(100)
      try move(log, to: old(1))
      try writer.write(for: .milliseconds(20))
      try move(old(1), to: log)
      try writer.write(10)
    }
  }

  fileprivate func removeAndMake() throws {
    for _ in 0..<10 {
      try writer.write(50)
      try remove(log)
      try writer.write(for: .milliseconds(20))
      try writer.reopen()
      try writer.write(for: .milliseconds(20))
      // A file that nobody has seen when it is removed cannot be read.
      try expectAll()
    }
  }

  fileprivate func coverByBindMount() throws {
    let other = directory.path(of: "other")
    try makeEmpty(other)
    try writer.write(50)
    try runTool("mount", "--bind", other, log)
    do {
      defer { _ = try? runTool("umount", "-l", log) }
      try writer.write(50)
      try writer.reopen()
      try writer.write(50)
      try expectAll()
    }
    try writer.write(10)
    try writer.reopen()
    try writer.write(50)
  }

  fileprivate func coverDirectory() throws {
    try writer.write(50)
    try runTool("mount", "-t", "tmpfs", "tmpfs", logs)
    do {
      defer { _ = try? runTool("umount", "-l", logs) }
      try writer.write(50)
      try writer.reopen()
      try writer.write(50)
      try expectAll()
    }
    try writer.write(10)
    try writer.reopen()
    try writer.write(50)
  }

  fileprivate func copyAndCut() throws {
    for _ in 0..<4 {
      try writer.write(500)
      try expectAll()
      try runTool("cp", log, old(1))
      try writer.truncate()
      try writer.write(20)
    }
  }

  fileprivate func regrowWhileStopped() throws {
    for _ in 0..<3 {
      try writer.write(20)
      try expectAll()
      try follower.whileStopped {
        let size = try fileSize(log)
        try writer.truncate()
        while try fileSize(log) <= size { try writer.write(10) }
      }
      try expectAll()
    }
  }

  fileprivate func renameWhileStopped() throws {
    for _ in 0..<2 {
      try follower.whileStopped { try rename(times: 1, staying: .zero) }
      try expectAll()
    }
  }

  fileprivate func cutUnderWriter() throws {
    for _ in 0..<3 {
      try writer.write(100)
      try expectAll()
      try writer.truncate()
      try writer.write(10)
      try expectAll()
    }
  }
}
