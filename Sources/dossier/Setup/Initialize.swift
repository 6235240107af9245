import ArgumentParser
import ChangeLog
import DossierModel
import DossierStore
import ReplicaStore

struct Initialize: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Make a store; the first note does it too.")

  @OptionGroup var options: GlobalOptions
  @Option(help: "Your name; the system's when absent.") var name: String?
  @Option(help: "What this machine is called.") var device: String?

  @Option(
    name: .customLong("from"),
    help: ArgumentHelp("Make it from a file that backup wrote.", valueName: "FILE"))
  var backup: String?

  func run() throws {
    let folder = Context.folder(options)
    if let backup { return try restore(backup, in: folder) }
    let store = try Context.create(
      folder, name: name ?? Machine.userName, device: device ?? Machine.hostName)
    if !options.quiet { tell("a store is in \(store.folder)") }
  }
}

extension Initialize {
  private func restore(_ path: String, in folder: String) throws {
    guard name == nil, device == nil else {
      throw Failure(
        "unexpected-argument", exit: 64,
        "a backup says whose it is: --name and --device do not go with --from")
    }
    try Store.create(folder: folder, fromBackup: path)
    // It notices that it is a copy, and takes a new name.
    let context = try Context(options)
    context.report("a store is in \(context.store.folder), as \(path) has it")
  }
}

struct Whoami: StoreCommand {
  static let configuration = CommandConfiguration(
    abstract: "Who writes here, on what, in which workspace.")

  @OptionGroup var options: GlobalOptions

  func run(_ context: Context) throws {
    let store = context.store
    let identity = try store.replica.identity()
    let author = try store.authors()[identity.head.writer]
    let remote = try store.setting("remote.address")
    if context.wantsJSON {
      var members: [JSON.Member] = [
        .init("member", .string(author?.member ?? "")),
        .init("device", .string(author?.device ?? "")),
        .init("workspace", .string(identity.workspace.description)),
        .init("writer", .string(identity.head.writer.description)),
        .init("store", .string(store.folder)),
      ]
      if let remote { members.append(.init("remote", .string(remote))) }
      return try context.answer(
        object: .object(members),
        of: ["member", "device", "workspace", "writer", "store", "remote"])
    }
    try context.refuseFields()
    say("\(author?.member ?? "unknown") on \(author?.device ?? "this machine")")
    say("  store      \(store.folder)")
    say(
      "  workspace  \(try store.setting("remote.workspace") ?? "of this machine alone")  \(identity.workspace)"
    )
    say("  writes as  \(identity.head.writer)")
    say("  remote     \(remote ?? "none (dossier join CODE)")")
  }
}
