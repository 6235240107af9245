internal import ChangeLog
public import DossierModel

/// Dialogues as events and open action items as tasks, for a calendar program (RFC 5545).
///
/// Only what has certain days is in it: "summer 2022" is no event. The same records give the same bytes.
public struct CalendarFile {
  private let graph: RecordGraph

  public init(_ graph: RecordGraph) { self.graph = graph }

  /// How many records have no days that a calendar could show.
  public var leftOut: Int { records.filter { Self.days(of: $0) == nil }.count }

  /// - Returns: lines with CR LF, none longer than 75 bytes.
  public var text: String {
    var lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//dossier//dossier//EN"]
    for record in records {
      guard let days = Self.days(of: record) else { continue }
      lines += record.kind == .dialogue ? event(record, days) : task(record, days.1)
    }
    lines.append("END:VCALENDAR")
    return lines.map(Self.folded).joined()
  }

  private var records: [Record] {
    graph.all(.dialogue).filter { $0.text(.state) != "cancelled" }
      + graph.all(.action).filter(\.isOpen)
  }

  /// At most a month: a longer period is no date of a meeting.
  private static func days(of record: Record) -> (Day, Day)? {
    guard let date = record.mainDate, let first = date.earliest, let last = date.latest,
      !date.isInferred || first == last
    else { return nil }
    if record.kind == .action { return (first, last) }
    return last.number - first.number < 15 ? (first, last) : nil
  }

  private func event(_ dialogue: Record, _ days: (Day, Day)) -> [String] {
    let country = dialogue.reference(.country).flatMap { graph[$0]?.title }
    let place = [dialogue.text(.city), country].compactMap { $0 }.joined(separator: ", ")
    let about = dialogue.references(.partnerships).compactMap { graph[$0]?.title }.sorted()
    return head("VEVENT", dialogue, days.0) + [
      "DTSTART;VALUE=DATE:" + Self.basic(days.0),
      // The end is the day after the last one (RFC 5545, 3.6.1).
      "DTEND;VALUE=DATE:" + Self.basic(days.1.adding(days: 1)),
    ] + (place.isEmpty ? [] : ["LOCATION:" + Self.escaped(place)])
      + (about.isEmpty ? [] : ["DESCRIPTION:" + Self.escaped(about.joined(separator: "\n"))])
      + ["TRANSP:TRANSPARENT", "END:VEVENT"]
  }

  private func task(_ action: Record, _ due: Day) -> [String] {
    let owners = action.references(.owners).compactMap { graph[$0]?.title }.sorted()
    return head("VTODO", action, due) + ["DUE;VALUE=DATE:" + Self.basic(due)]
      + (owners.isEmpty
        ? [] : ["DESCRIPTION:" + Self.escaped(owners.joined(separator: ", "))])
      + ["STATUS:NEEDS-ACTION", "END:VTODO"]
  }

  private func head(_ name: String, _ record: Record, _ day: Day) -> [String] {
    [
      "BEGIN:" + name, "UID:\(record.id)@dossier",
      // A file without a clock: the day itself stands for when it was written.
      "DTSTAMP:" + Self.basic(day) + "T000000Z", "SUMMARY:" + Self.escaped(record.title),
    ]
  }

  private static func basic(_ day: Day) -> String { day.description.replacing("-", with: "") }

  private static func escaped(_ text: String) -> String {
    var safe = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\", ";", ",":
        safe += "\\"
        safe.unicodeScalars.append(scalar)
      case "\n": safe += "\\n"
      case "\t": safe += " "
      case _ where scalar.value < 0x20 || scalar.value == 0x7f: continue
      default: safe.unicodeScalars.append(scalar)
      }
    }
    return safe
  }

  /// Cut after 75 bytes at most, never inside a character; the rest behind a space.
  private static func folded(_ line: String) -> String {
    var folded = ""
    var length = 0
    for character in line.unicodeScalars {
      let size = UTF8.width(character)
      if length + size > 75 {
        folded += "\r\n "
        length = 1
      }
      folded.unicodeScalars.append(character)
      length += size
    }
    return folded + "\r\n"
  }
}
