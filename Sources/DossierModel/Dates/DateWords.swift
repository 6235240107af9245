/// The words of dates in English, French and German, without accents and in lower case.
enum DateWords {
  static func month(_ word: String) -> Int? { months[word] ?? abbreviated(word, months) }
  static func season(_ word: String) -> Int? { seasons[word] }
  static func weekday(_ word: String) -> Int? { weekdays[word] ?? abbreviated(word, weekdays) }

  static let english = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October",
    "November", "December",
  ]

  private static let months = table(
    [
      "january", "february", "march", "april", "may", "june", "july", "august", "september",
      "october",
      "november", "december",
    ],
    [
      "janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout", "septembre",
      "octobre",
      "novembre", "decembre",
    ],
    [
      "januar", "februar", "marz", "april", "mai", "juni", "juli", "august", "september", "oktober",
      "november", "dezember",
    ], ["janner", "feber", "maerz", "", "", "", "", "", "sept"])

  /// EDTF codes.
  private static let seasons: [String: Int] = [
    "spring": 21, "printemps": 21, "fruhling": 21, "fruehling": 21, "fruhjahr": 21, "fruehjahr": 21,
    "summer": 22, "ete": 22, "sommer": 22, "autumn": 23, "fall": 23, "automne": 23, "herbst": 23,
    "winter": 24, "hiver": 24,
  ]

  private static let weekdays = table(
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
    ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
    ["montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"])

  private static func table(_ languages: [String]...) -> [String: Int] {
    var table: [String: Int] = [:]
    for words in languages {
      for (index, word) in words.enumerated() where !word.isEmpty { table[word] = index + 1 }
    }
    return table
  }

  /// Three letters or more that only one number begins with: "jan", "sept.", "fri".
  private static func abbreviated(_ word: String, _ table: [String: Int]) -> Int? {
    let stem = word.hasSuffix(".") ? String(word.dropLast()) : word
    guard stem.count >= 3 else { return nil }
    let numbers = Set(table.filter { $0.key.hasPrefix(stem) }.values)
    return numbers.count == 1 ? numbers.first : nil
  }
}
