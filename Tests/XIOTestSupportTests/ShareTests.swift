import Testing

@testable import XIOTestSupport

/// What a matrix becomes where not all of its combinations are tried.
@Suite struct ShareTests {
  private static let choices = Array("abcdefghij")

  @Test(arguments: 1...25)
  func leavesNothingOut(_ count: Int) {
    let parts = (1...count).map { shares(of: Self.choices, at: $0, among: count, 3) }
    #expect(Set(parts.joined()) == Set(Self.choices))
    #expect(parts.allSatisfy { !$0.isEmpty && $0.count <= 10 / min(count, 10) + 1 })
  }

  @Test(arguments: 1...25)
  func meetsAllInAsManyRounds(_ count: Int) {
    for place in 1...count {
      let met = (0..<10).flatMap { shares(of: Self.choices, at: place, among: count, $0) }
      #expect(Set(met) == Set(Self.choices))
    }
  }

  @Test func isAllWhereThereIsOnePlace() {
    #expect(shares(of: Self.choices, at: 5, among: 1, 7) == Self.choices)
    #expect(shares(of: [Int](), at: 1, among: 4, 1).isEmpty)
  }
}
