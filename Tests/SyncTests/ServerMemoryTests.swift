import ChangeLog
import Testing

@Suite("What answers cost the server")
struct ServerMemoryTests {
  @Test("A page costs a few times its own size, whatever follows it")
  func page() throws {
    let server = try ServerUnderTest()
    var ann = try server.join(server.firstInvite, as: Author(1))
    _ = try ann.sync(ann.author.write(count: 8))
    for _ in 0..<40 { _ = try ann.sync(ann.author.write(count: 2, size: 1_000_000)) }
    // From here on: proc(5), clear_refs.
    try TemporaryFolder.write("5", to: "/proc/\(server.process)/clear_refs")
    let before = try server.peakMemory()
    let page = try ann.sync(wantsOwnBytes: true).page
    guard case .entries(let entries, _) = page else {
      Issue.record("\(page)")
      return
    }
    // All that follows has ten times as much.
    #expect((9...20).contains(entries.count))
    let growth = try server.peakMemory() - before
    #expect(growth < 40 << 10, "\(growth) KiB")
  }
}
