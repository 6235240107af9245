import ArgumentParser
import LogStore

struct Compact: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Drop old changesets for which a snapshot stands. The server must not be serving.",
    discussion: """
      Devices make a snapshot of a workspace now and then. Once there is one, new devices begin with it, and the
      server needs only the names of what came before. Whoever has those changesets on a machine keeps them, and
      with them the history of each record.
      """)

  @OptionGroup var data: DataOptions

  func run() throws {
    let gone = try LogDatabase(in: data.folder()).compact()
    Output.tell(
      gone.changesets == 0
        ? "nothing to drop: no snapshot stands for more"
        : "dropped \(gone.bytes) bytes of \(gone.changesets) changesets")
  }
}
