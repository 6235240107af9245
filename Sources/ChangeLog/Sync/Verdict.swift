/// What became of one changeset that was sent.
public enum Verdict: Hashable, Sendable {
  /// It has this position in the remote's log, now or since an earlier request.
  case accepted(position: Int)
  case refused(Refusal)

  /// Why a remote does not take a changeset. It stays where it was written, in quarantine.
  public enum Refusal: UInt8, Sendable, CaseIterable {
    /// Not a changeset this version can read.
    case malformed = 1
    /// Written for another workspace.
    case otherWorkspace = 2
    /// The writer's changeset before it is not there.
    case gap = 3
    /// The writer has another changeset with that number: the device's store was copied or restored.
    case forked = 4
    case badSignature = 5
    /// The device that wrote it is not, or no longer, a member's.
    case notEnrolled = 6
    case tooLarge = 7
    /// The member may read, not write.
    case readOnly = 8
  }

  func encode(into writer: inout ByteWriter) {
    switch self {
    case .accepted(let position):
      writer.append(0)
      writer.append(count: position)
    case .refused(let refusal): writer.append(refusal.rawValue)
    }
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    let code = try reader.byte()
    if code == 0 {
      self = .accepted(position: try reader.count(upTo: 1 << 53 - 1))
    } else if let refusal = Refusal(rawValue: code) {
      self = .refused(refusal)
    } else {
      throw .invalid("verdict \(code) is not known to this version")
    }
  }
}

extension Verdict.Refusal: CustomStringConvertible {
  public var description: String {
    switch self {
    case .malformed: "not a readable changeset"
    case .otherWorkspace: "written for another workspace"
    case .gap: "the writer's changeset before it is missing"
    case .forked: "the writer has another changeset with that number"
    case .badSignature: "the signature does not fit"
    case .notEnrolled: "its device is not enrolled"
    case .tooLarge: "too large"
    case .readOnly: "its member may only read"
    }
  }
}
