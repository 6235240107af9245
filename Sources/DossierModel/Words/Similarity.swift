/// How alike two names are, for "did you mean".
public enum Similarity {
  /// The least number of characters to insert, drop, change or swap; a beginning, or a word inside, that
  /// fits costs less than its length.
  public static func distance(_ a: String, _ b: String) -> Int {
    if b.hasPrefix(a) || a.hasPrefix(b) || b.contains(" " + a) { return 1 }
    let a = Array(a.unicodeScalars)
    let b = Array(b.unicodeScalars)
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in 1...a.count {
      var row = [i] + Array(repeating: 0, count: b.count)
      for j in 1...b.count {
        let cost = a[i - 1] == b[j - 1] ? 0 : 1
        row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + cost)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          row[j] = min(row[j], beforeLast[j - 2] + 1)
        }
      }
      beforeLast = last
      last = row
    }
    return last[b.count]
  }
}
