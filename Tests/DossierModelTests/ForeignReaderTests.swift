import ForeignReaders
import Foundation
import Testing

/// What the fuzzer found worth keeping, read once more: none of it stops a program.
@Suite struct ForeignReaderTests {
  @Test(arguments: ForeignReader.allCases)
  func everyInputOfTheCorpusIsRead(_ reader: ForeignReader) throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let corpus = root.appending(path: "fixtures/fuzz/\(reader.rawValue).hex")
    let lines = try String(contentsOf: corpus, encoding: .utf8).split(separator: "\n")
    #expect(lines.count > 5)
    for line in lines {
      let digits = Array(line)
      reader.read(
        stride(from: 0, to: digits.count, by: 2).map {
          UInt8(String(digits[$0...$0 + 1]), radix: 16)!
        })
    }
  }
}
