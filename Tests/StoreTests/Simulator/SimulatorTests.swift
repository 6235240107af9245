import Foundation
import Testing

/// The simulator: whole teams on disks that lose power, with lines that break and servers that go back in time.
///
/// A failing history is made as short as it can be and printed; as a file in `fixtures/simulator` it becomes a test.
/// `SIMULATIONS=N` runs more, `SIM_SEED=S` one of them.
@Suite struct SimulatorTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let count = environment["SIMULATIONS"].flatMap(UInt64.init) ?? 80
  private static let first = environment["SIM_FIRST"].flatMap(UInt64.init) ?? 0

  @Test(arguments: 0..<UInt64(2))
  func everyTeamEndsLevelWithAllItsWords(share: UInt64) async throws {
    if let seed = Self.environment["SIM_SEED"].flatMap(UInt64.init) {
      if share == 0 {
        try await check(SimulatedStep.history(seed: seed), seed: seed, shrinks: true)
      }
      return
    }
    var steps = 0
    var faults = 0
    for seed in stride(from: Self.first + share, to: Self.first + Self.count, by: 2) {
      let history = SimulatedStep.history(seed: seed)
      let simulation = try await check(history, seed: seed, shrinks: true)
      steps += history.count
      faults += simulation?.faults ?? 0
    }
    print("simulated histories: \(Self.count / 2), steps: \(steps), faults injected: \(faults)")
  }

  @Test func everyHistoryThatOnceFailedStaysMended() async throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "fixtures/simulator")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    for file in files where file.hasSuffix(".txt") {
      let lines = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
        .split(separator: "\n")
      let seed = try #require(
        lines.first { $0.hasPrefix("seed ") }.flatMap { UInt64($0.dropFirst(5)) })
      let steps = lines.compactMap { SimulatedStep($0) }
      #expect(!steps.isEmpty, "\(file)")
      try await check(steps, seed: seed, shrinks: false, name: file)
    }
  }

  /// The same seed gives the same history to the last change, or nothing could be replayed.
  @Test func theSameSeedGivesTheSameHistory() async throws {
    for seed in 1...5 as ClosedRange<UInt64> {
      let steps = SimulatedStep.history(seed: seed)
      let traces = [
        try await Simulation.run(steps, seed: seed).trace,
        try await Simulation.run(steps, seed: seed).trace,
      ]
      #expect(traces[0] == traces[1])
    }
  }

  @discardableResult
  private func check(
    _ steps: [SimulatedStep], seed: UInt64, shrinks: Bool, name: String? = nil
  ) async throws -> Simulation? {
    let failure: String
    do { return try await Simulation.run(steps, seed: seed) } catch { failure = "\(error)" }
    guard shrinks else {
      Issue.record("\(name ?? ""): \(failure)")
      return nil
    }
    let short = await Self.shrunk(steps, seed: seed, like: failure)
    let reason = await Self.failure(of: short, seed: seed) ?? failure
    Issue.record(
      """
      \(reason)
      again: SIM_SEED=\(seed) swift test --filter SimulatorTests
      seed \(seed)
      \(short.map(\.description).joined(separator: "\n"))
      """)
    throw Simulation.Broken(description: failure)
  }

  private static func failure(of steps: [SimulatedStep], seed: UInt64) async -> String? {
    do {
      _ = try await Simulation.run(steps, seed: seed)
      return nil
    } catch { return "\(error)" }
  }

  /// Takes out ever smaller stretches as long as it still fails (delta debugging, Zeller 1999).
  private static func shrunk(
    _ steps: [SimulatedStep], seed: UInt64, like failure: String
  ) async -> [SimulatedStep] {
    var steps = steps
    // Another fault that shows up on the way is not the one that is looked for.
    func kind(_ failure: String) -> Substring {
      failure.prefix { $0 != ":" && $0 != "\n" }.drop { $0 != " " }
    }
    var size = max(1, steps.count / 2)
    while true {
      var hasShrunk = false
      var start = 0
      while start < steps.count {
        var fewer = steps
        fewer.removeSubrange(start..<min(start + size, steps.count))
        let other = await Self.failure(of: fewer, seed: seed)
        if let other, kind(other) == kind(failure) {
          steps = fewer
          hasShrunk = true
        } else {
          start += size
        }
      }
      if size == 1, !hasShrunk { return steps }
      size = max(1, size / 2)
    }
  }
}
