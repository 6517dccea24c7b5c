import Glibc

/// Whether tests are to be as large and as many as they can be, because `XIO_TEST_FULL` is 1: all
/// combinations rather than all pairs, and files of gigabytes.
public let runsFullSize = getenv("XIO_TEST_FULL").map { String(cString: $0) } == "1"

/// Shares choices out among places, so that no choice is left out and no place goes without one.
///
/// In the full size each place has all of them.
///
/// - Parameters:
///   - choices: what is to be tried.
///   - place: the number of the place.
///   - count: how many places there are, with numbers that follow one another.
///   - round: the number of the row of places: in as many rows as there are choices each place meets all.
/// - Returns: what is tried at the place.
public func share<Choice>(
  of choices: [Choice], at place: Int, among count: Int, round: Int = 0
) -> [Choice] {
  shares(of: choices, at: place, among: runsFullSize ? 1 : count, round)
}

/// The same whatever the size.
func shares<Choice>(
  of choices: [Choice], at place: Int, among count: Int, _ round: Int
) -> [Choice] {
  let step = max(1, min(count, choices.count))
  return choices.indices.filter { ($0 + round) % step == place % step }.map { choices[$0] }
}
