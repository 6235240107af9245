import ArgumentParser

/// For how long something is good: "90s", "30m", "48h", "7d".
struct ValidTime: ExpressibleByArgument, CustomStringConvertible {
  let seconds: Int
  let description: String

  static let longest = 365 * 86_400

  init?(argument: String) {
    let units = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    guard let unit = units[String(argument.suffix(1))], let count = Int(argument.dropLast()),
      count > 0, count <= Self.longest / unit
    else { return nil }
    seconds = count * unit
    description = argument
  }

  static let twoDays = ValidTime(argument: "48h")!
}
