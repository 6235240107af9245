import ArgumentParser
import ChangeLog
import LogStore
import SyncServer

struct Init: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Make a new server with one workspace and one member, and print the first invite.")

  @Argument(help: "A folder that is empty or missing.")
  var dir: String

  @Option(help: ArgumentHelp("What the first workspace is called.", valueName: "name"))
  var workspace = "team"

  @Option(help: ArgumentHelp("Who its first member is (default: you).", valueName: "name"))
  var user: String?

  @Option(help: ArgumentHelp("Where devices find the server.", valueName: "url"))
  var address = "http://\(ServingOptions.defaultListen)"

  @Option(
    help: ArgumentHelp(
      "For a server in the place of one that was lost: its workspace, as dossier whoami prints it. "
        + "The devices bring back what it had.", valueName: "id"))
  var workspaceID: String?

  @Flag(
    help:
      "The workspace is encrypted: the server orders and keeps what it cannot read. The first member founds it."
  )
  var encrypted = false

  @Option(
    help: ArgumentHelp(
      "Keep logs and accounts in this PostgreSQL database, which is empty, and not in files: \"host=... dbname=...\", as libpq reads it. Its password belongs in ~/.pgpass or in config.yaml.",
      valueName: "info"))
  var database: String?

  @Flag(
    help:
      "Make a certificate too, for the host of --address. Invites carry its pin; devices trust nothing else."
  )
  var selfSigned = false

  func validate() throws {
    if selfSigned, Self.host(of: address) == nil {
      throw ValidationError("--self-signed goes with --address https://HOST:PORT")
    }
    if let workspaceID, Hexadecimal.decode(workspaceID)?.count != 16 {
      throw ValidationError("--workspace-id is 32 hexadecimal digits")
    }
    if let database, ConfigurationFile.hasPassword(database) {
      throw ValidationError(
        "a password on the command line is read by others; put it into ~/.pgpass, and leave it out of --database"
      )
    }
    guard address.hasPrefix("http://") || address.hasPrefix("https://"),
      !address.unicodeScalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7f })
    else { throw ValidationError("--address is an URL: https://dossier.example.org") }
  }

  static func refusePassword(in database: String) throws {
    guard ConfigurationFile.hasPassword(database) else { return }
    throw ValidationError(
      "a password on the command line is read by others; put it into ~/.pgpass, and leave it out of --database"
    )
  }

  func run() throws {
    let folder = DataFolder(path: dir, database: database)
    let name = user ?? Edge.environment("USER") ?? "owner"
    try folder.create()
    if let database {
      try folder.keep(configuration: ConfigurationFile.line("database", database))
    }
    try LogDatabase.create(in: folder)
    let accounts = try Accounts.create(
      in: folder, address: address, key: DeviceKey(seed: Edge.random(32)))
    let pin = selfSigned ? try makeCertificate(in: folder) : []
    let id = WorkspaceID(
      bytes: workspaceID.flatMap { Hexadecimal.decode($0) } ?? Edge.random(16))
    let secret = Edge.random(Accounts.secretSize)
    let expires = Edge.now() + ValidTime.twoDays.seconds
    let invite = try accounts.transaction {
      if encrypted {
        return try accounts.addEncryptedWorkspace(
          named: workspace, id: id, owner: name, secret: secret, pin: pin, expires: expires)
      }
      let added = try accounts.addWorkspace(named: workspace, id: id, now: Edge.now())
      try accounts.addMember(name, role: .owner, to: added.id, now: Edge.now())
      return try accounts.invite(
        name, to: added.id, secret: secret, pin: pin, expires: expires, now: Edge.now())
    }
    Output.give(invite.text)
    Output.tell(
      "\(encrypted ? "encrypted workspace" : "workspace") \"\(workspace)\" in \(folder.path), first member \"\(name)\""
    )
    Output.tell("  start it:      dossier-server serve --data \(Failure.quoted(folder.path))")
    Output.tell("  on the device: dossier join CODE     (the line above, once, within 48 hours)")
  }

  /// Host and port of an address with TLS; 443 when it names none.
  private static func host(of address: String) -> (name: String, port: Int)? {
    guard address.hasPrefix("https://") else { return nil }
    var rest = address.dropFirst("https://".count)
    if let slash = rest.firstIndex(of: "/") { rest = rest[..<slash] }
    var port = 443
    if let colon = rest.lastIndex(of: ":"), !rest.hasSuffix("]") {
      guard let number = UInt16(rest[rest.index(after: colon)...]) else { return nil }
      port = Int(number)
      rest = rest[..<colon]
    }
    let name = rest.hasPrefix("[") ? String(rest.dropFirst().dropLast()) : String(rest)
    return name.isEmpty ? nil : (name, port)
  }

  /// Keeps a new certificate beside the data, and a configuration that listens for other machines.
  ///
  /// - Returns: the pin for invites.
  private func makeCertificate(in folder: DataFolder) throws -> [UInt8] {
    guard let host = Self.host(of: address) else { return [] }
    let made = try SelfSignedCertificate(for: host.name, now: Edge.now())
    try folder.keep(certificate: made.certificate, key: made.key)
    try folder.keep(
      configuration: (database.map { ConfigurationFile.line("database", $0) } ?? "")
        + "listen: 0.0.0.0:\(host.port)\n")
    let files = ServerCertificate.Files(
      certificate: folder.certificate, key: folder.certificateKey)
    return try ServerCertificate.opened(files).pin ?? []
  }
}
