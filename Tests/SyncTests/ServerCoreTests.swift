import ChangeLog
import Synchronization
import Testing

@testable import LogStore
@testable import SyncServer

@Suite("The server's core")
struct ServerCoreTests {
  /// A workspace with devices of ann and bob.
  private final class Core {
    let store: StoredLogs
    let accounts: Accounts
    var authors: [String: Author] = [:]
    private(set) var tokens: [String: Token] = [:]

    init() throws {
      store = try StoredLogs()
      accounts = try Accounts(in: store.folder)
      try accounts.addWorkspace(named: "team", id: LogBody.workspace, now: 1)
      for (number, name) in ["ann", "bob"].enumerated() {
        try accounts.addMember(
          name, role: name == "ann" ? .owner : .editor, to: LogBody.workspace, now: 1)
        let code = try accounts.invite(
          name, to: LogBody.workspace, secret: Array(repeating: UInt8(number + 100), count: 32),
          expires: 1000, now: 100)
        let author = try Author(UInt64(number + 1))
        let token = Token(bytes: Array(repeating: UInt8(number), count: 32))!
        let request = try JoinRequest(
          code, deviceName: name, key: author.key, now: 100_000)
        _ = try accounts.join(request, to: LogBody.workspace, token: token, now: 100)
        authors[name] = author
        tokens[name] = token
      }
    }

    func request(_ changesets: [Changeset] = []) -> SyncRequest {
      SyncRequest(
        workspace: LogBody.workspace, cursor: .start,
        own: WriterHead(writer: .zero, sequence: 0, id: .zero),
        changesets: changesets.map(\.bytes))
    }
  }

  @Test("Whoever is shut out between the look at a token and the commit gives and gets nothing")
  func shutOutBetween() throws {
    let core = try Core()
    let device = try #require(try core.accounts.device(showing: core.tokens["bob"]!))
    let store = try ServerStore(in: core.store.folder)
    _ = try core.accounts.revoke(device.id, in: LogBody.workspace, now: 100)
    let batch = try core.authors["bob"]!.write(count: 3)
    for request in [core.request(batch), core.request()] {
      #expect(throws: StoreError.deviceShutOut) {
        try store.answer(request, from: device, now: 100, newLogID: { LogBody.id })
      }
    }
    #expect(
      try store.standing(of: LogBody.workspace, newLogID: { LogBody.id }).head.position == 0)
  }

  @Test("News is what was not there before: what is said again is told to nobody")
  func news() async throws {
    let core = try Core()
    let told = Told()
    let service = try SyncService(
      folder: core.store.folder,
      world: World(now: { 100 }, random: { Array(repeating: 5, count: $0) })
    ) { _ in told.count.withLock { $0 += 1 } }
    let first = try core.authors["ann"]!.write()
    _ = try await service.sync(core.request([first]), showing: core.tokens["ann"]!)
    #expect(told.value == 1)
    var again = core.request([first])
    again.membership.entries = try core.accounts.entries(of: LogBody.workspace, after: 0)
    for _ in 0..<3 {
      let response = try await service.sync(again, showing: core.tokens["ann"]!)
      #expect(response.verdicts == [.accepted(position: 1)])
      #expect(response.membership.refusals.allSatisfy { $0 == nil })
    }
    #expect(told.value == 1)
  }

  private final class Told: Sendable {
    let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
  }
}
