import Testing
import XIOReport

@testable import XIOCompare

/// What is concluded from runs.
@Suite struct VerdictTests {
  /// A comparison in which each engine has these times, and this processor time.
  private static func comparison(
    _ times: [(engine: String, times: [Int64], processor: Int64)], state: String = "warm"
  ) -> Comparison {
    var comparison = Comparison(
      program: "0", machine: .init(kernel: "6", processors: 1, memoryBytes: 1),
      job: .init(
        command: "copy", words: [], measure: .time, repeats: times[0].times.count, seed: 1,
        inputBytes: 1, inputFiles: 1),
      settings: times.map { .init(engine: $0.engine, cache: "page", state: state) })
    for (index, entry) in times.enumerated() {
      for (round, time) in entry.times.enumerated() {
        var run = Comparison.Run(setting: index, round: round + 1)
        run.wallNs = time
        run.userNs = entry.processor
        run.outputDigest = "same"
        comparison.runs.append(run)
      }
    }
    return comparison
  }

  @Test func whatIsFasterIsRecommended() throws {
    let verdict = Verdict(
      Self.comparison([("poll", [20, 21, 22, 23], 1), ("epoll", [10, 11, 12, 13], 9)]))
    let scenario = try #require(verdict.scenarios.first)
    #expect(scenario.choice.setting.engine == "epoll" && scenario.choice.ratio == 1)
    #expect(!scenario.summaries[0].isIndistinct && !scenario.summaries[0].isBest)
    #expect(abs(scenario.summaries[0].ratio - 21.5 / 11.5) < 1e-9)
    #expect(verdict.different.isEmpty && verdict.compared == 8)
  }

  /// Times that overlap are noise: then the processor decides, if there were rounds enough to say so.
  @Test func whatCannotBeToldApartIsSaidTo() throws {
    let noisy = Self.comparison([("poll", [10, 12, 14, 16], 1), ("epoll", [9, 11, 13, 15], 9)])
    let scenario = try #require(Verdict(noisy).scenarios.first)
    #expect(scenario.summaries[0].isIndistinct && scenario.summaries[1].isBest)
    #expect(scenario.choice.setting.engine == "poll")
    let few = Self.comparison([("poll", [20, 21, 22], 1), ("epoll", [10, 11, 12], 9)])
    let early = try #require(Verdict(few).scenarios.first)
    #expect(early.summaries[0].isIndistinct && early.choice.setting.engine == "epoll")
  }

  @Test func anotherOutputIsFound() {
    var comparison = Self.comparison([("poll", [1, 2], 1), ("epoll", [1, 2], 1)])
    comparison.runs[2].outputDigest = "other"
    #expect(Verdict(comparison).different == [2])
    comparison.runs[2].succeeded = false
    #expect(Verdict(comparison).different.isEmpty)
  }

  @Test func circumstancesAreJudgedApart() {
    var comparison = Self.comparison([("poll", [1], 1), ("epoll", [5], 1), ("poll", [9], 1)])
    comparison.settings[2].state = "cold"
    let verdict = Verdict(comparison)
    #expect(verdict.scenarios.map(\.state) == ["warm", "cold"])
    #expect(verdict.scenarios.map(\.choice.index) == [0, 2])
  }

  @Test func itComesBackFromJSON() throws {
    var comparison = Self.comparison([("posix-aio", [1, 2], 3)])
    comparison.settings[0].blockSize = 4096
    comparison.job.words = [.init(bytes: [0x61, 0xFF]), .init(bytes: Array("b".utf8))]
    let json = try comparison.json()
    let copy = try Comparison(json: json)
    #expect(try copy.json() == json)
    #expect(copy.job.words.map(\.rawBytes) == [[0x61, 0xFF], [0x62]])
    #expect(copy.settings == comparison.settings)
  }
}
