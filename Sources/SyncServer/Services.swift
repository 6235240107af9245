internal import ChangeLog
internal import LogStore

/// Those who answer: one for files, which have one writer; several for a database. A workspace always comes to the same one.
struct Services: Sendable {
  private let all: [SyncService]
  let watchers: Watchers

  /// - Parameters:
  ///   - count: how many, if there may be several.
  ///   - quota: how many bytes the log of one workspace may have; nil for as many as there is room for.
  init(folder: DataFolder, world: World, count: Int, quota: Int?) throws(StoreError) {
    let watchers = Watchers()
    // What other processes at the same database say; files have no others.
    let news = try News(in: folder) { workspace in
      if let workspace { watchers.tell(workspace) } else { watchers.tellAll() }
    }
    self.watchers = watchers
    all = try (0..<(folder.database == nil ? 1 : count)).map { _ throws(StoreError) in
      try SyncService(folder: folder, quota: quota, world: world) { workspace in
        watchers.tell(workspace)
        news?.tell(workspace)
      }
    }
  }

  /// - Parameter workspace: nil for what concerns none, or one that is misspelt.
  subscript(_ workspace: WorkspaceID?) -> SyncService {
    let number = workspace.map { Int($0.bytes[15]) } ?? 0
    return all[number % all.count]
  }
}
