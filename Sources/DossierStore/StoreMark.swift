internal import ChangeLog
internal import SQLite

/// What is kept outside the database: on which file of which machine this store wrote last, and how far.
///
/// A database that was copied, or set back to an older state, does not fit its mark: then the store must not
/// write under the old name, because the other copy may do so too. A hint, not a proof: it is written after each
/// commit without waiting for the disk, so it may be behind, never ahead. What it misses the first sync finds.
struct StoreMark {
  private let path: String
  private let fingerprint: String

  init(folder: String) throws {
    path = folder + "/writer.mark"
    let machine =
      try Files.read("/etc/machine-id").map { String(decoding: $0, as: UTF8.self) } ?? ""
    let file = try Files.identity(of: folder + "/dossier.db")
    fingerprint = Digest(of: Array("\(machine) \(file)".utf8)).description
  }

  /// What a mark said, read before the database so that another process's commit in between does no harm.
  enum Reading {
    case missing
    /// Being written at this moment, or not ours: says nothing.
    case unreadable
    case mark(fingerprint: String, writer: String, sequence: UInt64)
  }

  func read() throws -> Reading {
    guard let bytes = try Files.read(path) else { return .missing }
    let words = String(decoding: bytes, as: UTF8.self).split(separator: " ")
    guard words.count == 4, words[3] == "end\n", let sequence = UInt64(words[2]) else {
      return .unreadable
    }
    return .mark(fingerprint: String(words[0]), writer: String(words[1]), sequence: sequence)
  }

  /// Whether the store with this head is a copy, or was set back.
  func isCopy(_ head: WriterHead, _ reading: Reading) -> Bool {
    switch reading {
    case .missing: head.sequence > 0
    case .unreadable: false
    case .mark(let fingerprint, let writer, let sequence):
      fingerprint != self.fingerprint || writer != head.writer.description
        || sequence > head.sequence
    }
  }

  func write(_ head: WriterHead) {
    // A fixed width, so that one write replaces all of it.
    let digits = String(head.sequence)
    let padded = String(repeating: "0", count: max(0, 20 - digits.count)) + digits
    Files.note("\(fingerprint) \(head.writer) \(padded) end\n", at: path)
  }
}
