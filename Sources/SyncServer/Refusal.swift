import ChangeLog
internal import Hummingbird
import LogStore

/// Why a request is not answered, as the other end is told it.
enum Refusal: Error, Sendable {
  /// There is no token, or nobody has it.
  case unknownToken
  case revoked
  case disabled(String)
  /// No such workspace for this device. Whether there is one at all is not said.
  case noWorkspace
  case contentType
  /// The body comes packed.
  case contentEncoding
  case tooLarge(Int)
  case malformed(String)
  /// The sender speaks another version of the protocol.
  case version(Int)
  /// One device, or one address with bad tokens, asks too often.
  case tooOften
  /// One device has as many requests under way as it may.
  case tooMany
  case store(StoreError)
}

extension Refusal {
  init(_ error: FormatError, limit: Int) {
    switch error {
    case .unknownFormat(let version): self = .version(version)
    case .tooLarge: self = .tooLarge(limit)
    default: self = .malformed("\(error)")
    }
  }

  var status: HTTPResponse.Status {
    switch self {
    case .unknownToken: .unauthorized
    case .revoked, .disabled: .forbidden
    case .noWorkspace: .notFound
    case .contentType, .contentEncoding: .unsupportedMediaType
    case .tooLarge: .contentTooLarge
    case .malformed: .badRequest
    case .version: .upgradeRequired
    case .tooOften, .tooMany: .tooManyRequests
    case .store(let error): Self.status(error)
    }
  }

  private static func status(_ error: StoreError) -> HTTPResponse.Status {
    switch error {
    case .inviteUnknown, .inviteExpired, .inviteUsed, .keyTaken, .memberDisabled, .entryRefused,
      .deviceShutOut:
      .forbidden
    case .badName, .unproven: .badRequest
    case .full, .overQuota: .init(code: 507, reasonPhrase: "Insufficient Storage")
    default: .serviceUnavailable
    }
  }

  /// Whether it is nothing that the other end did.
  var isOurs: Bool { if case .store = self { true } else { false } }

  /// One line. Of a fault in here it says no more than the other end can use; the log has the rest.
  var text: String {
    switch self {
    case .unknownToken: "this device is not known here; ask for an invite and join"
    case .revoked:
      "this device was revoked (dossier revoke, or dossier-server device revoke);"
        + " ask an owner or the administrator for a new invite"
    case .disabled(let name):
      "member \(name) is shut out (dossier grant \(name) none, or dossier-server user disable)"
    case .noWorkspace: "no such workspace here"
    case .contentType: "the content type must be \(WireFormat.contentType)"
    case .contentEncoding: "the content must not be compressed"
    case .tooLarge(let limit): "the request is larger than \(limit) bytes"
    case .malformed(let what): "the request cannot be read: \(what)"
    case .version(let version):
      "this server speaks protocol \(SyncRequest.version), the request is in \(version)"
    case .tooOften: "too many requests; try again in a minute"
    case .tooMany: "this device has too many requests under way at once"
    case .store(let error): Self.text(error)
    }
  }

  private static func text(_ error: StoreError) -> String {
    switch error {
    case .inviteUnknown, .inviteExpired, .inviteUsed:
      "\(error); ask for a new one (dossier invite, or dossier-server user invite)"
    case .keyTaken: "\(error); join with a new key"
    case .memberDisabled(""): "nobody is an owner of this workspace any more"
    case .memberDisabled(let name): Self.disabled(name).text
    case .unproven, .entryRefused: "\(error)"
    case .badName: "the name of the device is not printable text of 1 to 200 bytes"
    case .deviceShutOut: Self.revoked.text
    case .overQuota(let bytes):
      "this workspace has the \(bytes >> 20) MiB that it may have here (workspace-megabytes);"
        + " nothing of the request was kept"
    case .full: "the disk of the server is full; nothing of the request was kept"
    default: "the server cannot work now; send it again"
    }
  }
}
