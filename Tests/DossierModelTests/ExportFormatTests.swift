import ChangeLog
import DossierModel
import Foundation
import Testing

@testable import DossierPages

/// Files for other programs: a spreadsheet, a calendar.
@Suite struct ExportFormatTests {
  @Test(arguments: [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\"=1", "'=1", "＝1",
    "\u{a0}=cmd|' /C calc'!A0",
  ])
  func noCellIsTakenForAFormula(_ text: String) {
    let cell = CSV.cell(text)
    let shown = cell.hasPrefix("\"") ? String(cell.dropFirst()) : cell
    #expect(shown.hasPrefix("'"), "\(cell)")
  }

  @Test func rowsComeBackAsTheyWere() {
    let text = CSV.text(header: ["a", "b"], rows: [["x, y", "say \"no\""], ["two\nlines", "é"]])
    #expect(text == "a,b\r\n\"x, y\",\"say \"\"no\"\"\"\r\n\"two\nlines\",é\r\n")
  }

  @Test func aCalendarHasWhatHasCertainDays() throws {
    let day = Day(year: 2025, month: 5, day: 12)!
    func record(_ low: UInt64, _ kind: Kind, _ fields: [(Field, Value)]) -> Record {
      Record(
        id: EntityID(high: 1, low: low), kind: kind,
        values: Dictionary(uniqueKeysWithValues: fields.map { ($0.0.number, [$0.1]) }))
    }
    let long = "Third Council, with a very long name; " + String(repeating: "é", count: 60)
    let dialogue = record(
      1, .dialogue,
      [
        (.name, .text(Text(long))), (.date, FuzzyDate(day: day).value), (.city, .text("Tokyo")),
      ])
    let vague = record(
      2, .dialogue,
      [
        (.name, .text("Vague")),
        (
          .date,
          FuzzyDate(
            words: "2025", edtf: "2025", earliest: Day("2025-01-01"), latest: Day("2025-12-31")
          ).value
        ),
      ])
    let action = record(
      3, .action, [(.actionText, .text("send it\nsoon")), (.due, FuzzyDate(day: day).value)])
    let file = CalendarFile(RecordGraph([dialogue, vague, action]))
    #expect(file.leftOut == 1)
    let lines = file.text.components(separatedBy: "\r\n")
    #expect(lines.allSatisfy { $0.utf8.count <= 75 && !$0.contains("\n") })
    #expect(lines.first == "BEGIN:VCALENDAR" && lines.suffix(2) == ["END:VCALENDAR", ""])
    let whole = file.text.replacing("\r\n ", with: "")
    #expect(whole.contains("SUMMARY:Third Council\\, with a very long name\\; éé"))
    #expect(whole.contains("DTSTART;VALUE=DATE:20250512\r\nDTEND;VALUE=DATE:20250513\r\n"))
    #expect(whole.contains("DUE;VALUE=DATE:20250512\r\n") && !whole.contains("Vague"))
    for part in ["VEVENT", "VTODO"] {
      #expect(whole.ranges(of: "BEGIN:\(part)").count == 1)
      #expect(whole.ranges(of: "END:\(part)").count == 1)
    }
  }
}
