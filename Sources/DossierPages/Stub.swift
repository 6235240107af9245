public import DossierModel
public import ChangeLog
public struct Page: Sendable { public let path: String; public let text: String }
public struct Pages: Sendable {
  public init(_ graph: RecordGraph) {}
  public func all() -> [Page] { [] }
  public func dossier(_ id: EntityID) -> Page? { nil }
}
