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

  /// "tomorrow" and how many days ahead it is.
  static let days = [
    "today": 0, "aujourd'hui": 0, "heute": 0, "tomorrow": 1, "demain": 1, "morgen": 1,
    "apres-demain": 2, "apres demain": 2, "ubermorgen": 2, "yesterday": -1, "hier": -1,
    "gestern": -1,
  ]

  enum Which { case next, this, last }

  static func which(_ word: String) -> Which? {
    switch word {
    case "next", "prochain", "nachsten", "nachster", "naechsten", "kommenden": .next
    case "this", "ce", "diesen", "dieser": .this
    case "last", "dernier", "letzten", "letzter", "vorigen": .last
    default: nil
    }
  }

  enum Side { case before, until, after, since }

  static func side(_ word: String) -> Side? {
    switch word {
    case "before", "avant", "vor": .before
    case "until", "by", "bis", "jusqu'en", "jusqu'a": .until
    case "after", "apres", "nach": .after
    case "since", "from", "depuis", "seit", "ab": .since
    default: nil
    }
  }

  static func isAbout(_ word: String) -> Bool {
    ["circa", "ca", "ca.", "c.", "about", "around", "vers", "environ", "um", "etwa"].contains(word)
  }

  /// Beginning, middle and end.
  static func third(_ word: String) -> Int? {
    switch word {
    case "early", "beginning", "debut", "anfang": 0
    case "mid", "middle", "mi", "milieu", "mitte": 1
    case "late", "end", "fin", "ende": 2
    default: nil
    }
  }

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
