import ArgumentParser
import LogStore

struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Read everything and say what is damaged; exit 1 when anything is.")

  @OptionGroup var data: DataOptions
  @OptionGroup var output: JSONOption

  func run() throws {
    let folder = try data.folder()
    var checked = try Self.orDamage("log.db") { try LogReader(in: folder).check() }
    let accounts = try Self.orDamage("accounts.db") {
      CheckedLog(damages: try Accounts(in: folder).check())
    }
    checked.damages += accounts.damages
    give(checked)
    guard checked.damages.isEmpty else { throw ExitCode(1) }
  }

  /// A file too damaged to be read is a result, too.
  private static func orDamage(
    _ file: String, _ check: () throws -> CheckedLog
  ) throws -> CheckedLog {
    do { return try check() } catch StoreError.damaged(let what) {
      return CheckedLog(damages: [Damage(place: file, what: what)])
    }
  }

  private func give(_ checked: CheckedLog) {
    if output.json {
      let damages = checked.damages.map {
        JSON.object([("place", .text($0.place)), ("what", .text($0.what))])
      }
      Output.give(
        JSON.object([
          ("changesets", .number(checked.changesets)), ("writers", .number(checked.writers)),
          ("damages", .list(damages)),
        ]).encoded)
      return
    }
    Output.give(checked.damages.map { [$0.place, $0.what] }, heading: ["PLACE", "DAMAGE"])
    Output.tell(
      checked.damages.isEmpty
        ? "sound: \(checked.changesets) changesets of \(checked.writers) writers"
        : "damaged in \(checked.damages.count) places, of \(checked.changesets) changesets")
  }
}
