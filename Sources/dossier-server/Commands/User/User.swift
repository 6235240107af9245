import ArgumentParser

struct User: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Who is in a workspace, and what they may do.",
    subcommands: [
      UserAdd.self, UserList.self, UserRole.self, UserDisable.self, UserEnable.self,
      UserInvite.self,
    ])
}
