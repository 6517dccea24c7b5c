/// What somebody may have meant who typed a word that is not known.
enum Suggestion {
  /// Finds the word that takes the fewest slips to become what was typed.
  ///
  /// - Parameters:
  ///   - typed: The unknown word.
  ///   - words: What is known.
  /// - Returns: A word; nil when none is near: more than a third of its letters would be slips.
  static func nearest(to typed: String, among words: some Sequence<String>) -> String? {
    let ranked = words.map { (word: $0, slips: slips(from: typed, to: $0)) }
      .min { ($0.slips, $0.word) < ($1.slips, $1.word) }
    guard let ranked, ranked.slips <= max(1, ranked.word.count / 3) else { return nil }
    return ranked.word
  }

  /// How many letters were left out, added, changed or swapped with their neighbour (the distance of
  /// Damerau and Levenshtein, in which no letter slips twice).
  static func slips(from first: String, to second: String) -> Int {
    let (first, second) = (Array(first), Array(second))
    var previous: [Int] = []
    var current = Array(0...second.count)
    for row in first.indices {
      var next = [row + 1]
      for column in second.indices {
        let isSame = first[row] == second[column]
        var best = min(
          current[column + 1] + 1, next[column] + 1, current[column] + (isSame ? 0 : 1))
        if row > 0, column > 0, first[row] == second[column - 1], first[row - 1] == second[column] {
          best = min(best, previous[column - 1] + 1)
        }
        next.append(best)
      }
      (previous, current) = (current, next)
    }
    return current[second.count]
  }
}
