public import XIOSystem

/// Whether bytes of a file may be delivered, or those of a former one come first.
public enum Precedence {
  /// They may, up to this offset.
  case free(Int64)
  /// A former file has to be read first.
  case unread
  /// A former file has a line that may be finished soon.
  case unfinished
}

/// What a writer has put into the former file came before what is in the next one.
extension Generation {
  /// How long an unfinished line may keep others waiting, in nanoseconds.
  public static let patience: Nanoseconds = 1_000_000_000

  /// How far a file may be delivered once former ones have been, as far as they had been written.
  struct Turn {
    var end: Int64
    var epoch: Int
    var former: [(generation: Generation, end: Int64, epoch: Int)]
  }

  /// Finds out whether new bytes may be delivered; a former file that has to be read first is queued.
  ///
  /// Former files are looked at after this one was read. Once they have been delivered up to where they
  /// ended then, it is this one's turn, even if they go on growing.
  ///
  /// - Parameter reached: The offset behind the bytes that were read.
  /// - Returns: Whether it is this one's turn, and how far.
  public func precedence(of reached: Int64) -> Precedence {
    if let turn, turn.epoch != epoch || turn.end <= offset { self.turn = nil }
    if let turn { return precedence(turn, reached) }
    guard former != nil || source.generations.first !== self else { return .free(reached) }
    let waiting = formerFiles.filter { !$0.cannotBeRead && $0.hasMore }
    if waiting.isEmpty { return .free(reached) }
    let turn = Turn(
      end: reached, epoch: epoch, former: waiting.map { ($0, $0.seenSize, $0.epoch) })
    self.turn = turn
    return precedence(turn, reached)
  }

  private func precedence(_ turn: Turn, _ reached: Int64) -> Precedence {
    for (generation, end, epoch) in turn.former
    where !generation.hasEnded && !generation.cannotBeRead && generation.epoch == epoch
      && generation.offset < end
    {
      guard let since = generation.heldBackSince, !generation.isDirty else {
        generation.isDirty = true
        return .unread
      }
      if Clock.monotonic - since < Self.patience { return .unfinished }
    }
    return .free(min(reached, turn.end))
  }

  /// Files that the name has led to before, and those that another followed name still leads to.
  private var formerFiles: [Generation] {
    var files: [Generation] = []
    for generation in source.generations {
      if let former = generation.former, !former.hasEnded, former !== self { files.append(former) }
      if generation === self { break }
      files.append(generation)
    }
    return files
  }
}
