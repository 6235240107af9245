internal import Dispatch

/// Where the database is worked with: one thread at a time, and never one of those that serve the network,
/// because a commit waits for the disk.
final class WorkThread: SerialExecutor {
  private let queue = DispatchQueue(label: "dossier.database")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }
}
