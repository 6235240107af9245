/// Somebody's word that changesets were here at a time, though their clocks said later.
public struct ClockBound: Hashable, Sendable {
  /// The most in one statement.
  public static let maximumCount = 500

  public let latest: Timestamp
  /// 1 to 500, ascending.
  public let places: [ClockBounds.Place]

  /// - Parameter places: 1 to 500.
  public init(_ places: Set<ClockBounds.Place>, latest: Timestamp) {
    precondition((1...Self.maximumCount).contains(places.count))
    self.latest = latest
    self.places = places.sorted()
  }

  func encode(into writer: inout ByteWriter) {
    writer.append(bigEndian: latest.rawValue)
    writer.append(count: places.count)
    for place in places {
      writer.append(id: place.writer)
      writer.append(varint: place.sequence)
    }
  }

  init(from reader: inout ByteReader) throws(FormatError) {
    latest = Timestamp(rawValue: try reader.bigEndian())
    let count = try reader.itemCount(minimumSize: 17)
    guard (1...Self.maximumCount).contains(count) else { throw .tooLarge(limit: Self.maximumCount) }
    var places: [ClockBounds.Place] = []
    for _ in 0..<count {
      let next = ClockBounds.Place(
        writer: try reader.id(), sequence: try Header.sequence(from: &reader))
      guard places.last.map({ $0 < next }) ?? true else {
        throw .invalid("the changesets do not ascend")
      }
      places.append(next)
    }
    self.places = places
  }
}
