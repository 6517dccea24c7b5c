import Testing
import XIOCompare

/// Medians, and whether samples differ.
@Suite struct StatisticsTests {
  @Test func mediansAreInTheMiddle() throws {
    let odd = try #require(Spread([5, 1, 9]))
    #expect(odd.median == 5 && odd.least == 1 && odd.most == 9)
    #expect(try #require(Spread([4, 1, 2, 9])).median == 3)
    #expect(Spread([])?.median == nil)
  }

  /// As tables of the exact test have it: twice the share of arrangements that are as extreme.
  @Test(
    arguments: [
      ([1, 2, 3], [4, 5, 6], 0.1), ([1, 2, 3, 4], [5, 6, 7, 8], 2.0 / 70),
      ([1, 2, 3, 4, 5], [6, 7, 8, 9, 10], 2.0 / 252), ([1, 2, 3, 5], [4, 6, 7, 8], 4.0 / 70),
      ([6, 7, 8, 9, 10], [1, 2, 3, 4, 5], 2.0 / 252), ([1], [2], 1),
      ([1, 1, 1, 1], [1, 1, 1, 1], 1),
    ] as [([Double], [Double], Double)])
  func ranksAreTested(_ first: [Double], _ second: [Double], _ expected: Double) {
    #expect(abs(RankTest.probability(first, second) - expected) < 1e-9)
  }
}
