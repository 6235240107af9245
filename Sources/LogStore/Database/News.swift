public import ChangeLog

#if PostgreSQL
  internal import Dispatch
  internal import Glibc
  internal import PostgreSQL
  internal import Synchronization

  /// Tells other processes at the same database that something is new in a log, and hears it from them.
  ///
  /// A connection of its own, which listens on the channel "dossier". NOTIFY takes a lock of the whole database at commit, so
  /// what is told is gathered for ``pause``. It is a poke, not data: one that is lost costs time, never a change.
  public final class News: Sendable {
    private let database: String
    private let hear: @Sendable (WorkspaceID?) -> Void
    private let waiting = Mutex<Set<WorkspaceID>>([])
    /// A pipe that wakes who listens: its end to read, its end to write.
    private let wake: (read: Int32, write: Int32)

    /// Between two rounds, in microseconds.
    private static let pause: UInt32 = 20_000
    /// Before one that failed is tried again, in microseconds.
    private static let failurePause: UInt32 = 500_000

    /// - Parameter hear: gets a workspace in which something is new; nil when nobody knows in which.
    /// - Returns: nil when there is no database.
    public init?(
      in folder: DataFolder, hear: @escaping @Sendable (WorkspaceID?) -> Void
    ) throws(StoreError) {
      guard let database = folder.database else { return nil }
      self.database = database
      self.hear = hear
      var ends: [Int32] = [0, 0]
      guard pipe(&ends) == 0 else { throw .failed("pipe: \(String(cString: strerror(errno)))") }
      for end in ends {
        _ = fcntl(end, F_SETFL, O_NONBLOCK)
        _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      }
      wake = (ends[0], ends[1])
      // A connection stays on its thread, which lives as long as the process.
      let isListening = DispatchSemaphore(value: 0)
      let failure = Mutex<StoreError?>(nil)
      DispatchQueue(label: "dossier.news").async {
        do {
          let first = try Self.connect(database)
          isListening.signal()
          self.listen(first)
        } catch {
          failure.withLock { $0 = StoreError(error) }
          isListening.signal()
          return
        }
        while true { self.reconnect() }
      }
      isListening.wait()
      if let failure = failure.withLock({ $0 }) { throw failure }
    }

    private static func connect(_ database: String) throws -> PostgreSQL.Connection {
      let connection = try PostgreSQL.Connection(database)
      try connection.execute("LISTEN dossier")
      return connection
    }

    public func tell(_ workspace: WorkspaceID) {
      _ = waiting.withLock { $0.insert(workspace) }
      // A full pipe wakes as well.
      _ = write(wake.write, [1], 1)
    }

    private func reconnect() {
      guard let connection = try? Self.connect(database) else {
        // The store at the same database says why; here is nobody to tell.
        usleep(Self.failurePause)
        return
      }
      // Who knows what was said meanwhile.
      hear(nil)
      listen(connection)
    }

    /// Until the connection breaks.
    private func listen(_ connection: PostgreSQL.Connection) {
      var untold: Set<WorkspaceID> = []
      do {
        while true {
          untold = take()
          for workspace in untold {
            try connection.run("SELECT pg_notify('dossier', $1)", [.text("\(workspace)")])
          }
          untold = []
          // Last before the wait: what arrived with the answers above does not wake the socket again.
          for heard in try connection.notifications() where !heard.isOwn {
            hear(Self.workspace(heard.text))
          }
          // Now and then without news too: a line that is dead says nothing.
          if wait(for: connection.socket) {
            usleep(Self.pause)
          } else {
            try connection.run("SELECT 1", [])
          }
        }
      } catch {
        for workspace in untold { tell(workspace) }
        usleep(Self.failurePause)
      }
    }

    private static func workspace(_ text: String) -> WorkspaceID? {
      guard let bytes = Hexadecimal.decode(text), bytes.count == 16 else { return nil }
      return WorkspaceID(bytes: bytes)
    }

    private func take() -> Set<WorkspaceID> {
      var bytes = [UInt8](repeating: 0, count: 512)
      while read(wake.read, &bytes, bytes.count) > 0 {}
      return waiting.withLock { waiting in
        defer { waiting = [] }
        return waiting
      }
    }

    /// - Returns: false when nothing happened for a while.
    private func wait(for socket: Int32) -> Bool {
      var files = [
        pollfd(fd: socket, events: Int16(POLLIN), revents: 0),
        pollfd(fd: wake.read, events: Int16(POLLIN), revents: 0),
      ]
      return poll(&files, 2, 10_000) > 0
    }
  }
#else
  /// Tells other processes at the same database that something is new in a log; without PostgreSQL there are none.
  public final class News: Sendable {
    public init?(
      in folder: DataFolder, hear: @escaping @Sendable (WorkspaceID?) -> Void
    ) throws(StoreError) { return nil }

    public func tell(_ workspace: WorkspaceID) {}
  }
#endif
