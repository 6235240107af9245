internal import Crypto
internal import Foundation
internal import SwiftASN1
internal import X509

/// A certificate that a server makes for itself, with its key. Clients know it by the key, from the invite.
public struct SelfSignedCertificate: Sendable {
  /// PEM.
  public let certificate: String
  /// PEM, not encrypted.
  public let key: String

  /// For how long it is good: an invite's pin is worth as much on the last day as on the first.
  static let years = 10

  /// - Parameters:
  ///   - host: the name or address that clients will call.
  ///   - now: in seconds since 1970.
  public init(for host: String, now: Int) throws {
    let key = P256.Signing.PrivateKey()
    let name = try DistinguishedName { CommonName(host) }
    // A client's clock may be behind.
    let start = Date(timeIntervalSince1970: Double(now - 86400))
    let certificate = try Certificate(
      version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey),
      notValidBefore: start,
      notValidAfter: start.addingTimeInterval(Double(Self.years) * 365.25 * 86400), issuer: name,
      subject: name, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        try ExtendedKeyUsage([.serverAuth])
        SubjectAlternativeNames([Self.alternative(host)])
      }, issuerPrivateKey: .init(key))
    self.certificate = try certificate.serializeAsPEM().pemString + "\n"
    self.key = key.pemRepresentation + "\n"
  }

  private static func alternative(_ host: String) -> GeneralName {
    var four = in_addr()
    if inet_pton(AF_INET, host, &four) == 1 {
      return .ipAddress(.init(contentBytes: withUnsafeBytes(of: four) { ArraySlice($0) }))
    }
    var six = in6_addr()
    if inet_pton(AF_INET6, host, &six) == 1 {
      return .ipAddress(.init(contentBytes: withUnsafeBytes(of: six) { ArraySlice($0) }))
    }
    return .dnsName(host)
  }
}
