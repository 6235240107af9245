import ChangeLog
import DossierModel
import Glibc

/// The clock and the dice of the machine: the only file that asks for either.
enum Machine {
  /// Three variables make a run repeatable, for tests of transcripts: `DOSSIER_TEST_CLOCK` (seconds since
  /// 1970), `DOSSIER_TEST_SEED` (a number) and `DOSSIER_TEST_HOST` (the name of the machine).
  static func surroundings() -> Surroundings {
    let fixed = environment("DOSSIER_TEST_CLOCK").flatMap { UInt64($0) }
    let now = { fixed.map { $0 * 1000 } ?? wall() }
    guard let seed = environment("DOSSIER_TEST_SEED").flatMap({ UInt64($0) }) else {
      return Surroundings(now: now, random: { UInt64.random(in: .min ... .max) })
    }
    var state = seed
    let splitMix = { () -> UInt64 in
      state &+= 0x9e37_79b9_7f4a_7c15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
      return mixed ^ (mixed >> 31)
    }
    return Surroundings(now: now, random: splitMix)
  }

  /// Milliseconds since 1970; 0 before.
  static func wall() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return now.tv_sec < 0 ? 0 : UInt64(now.tv_sec) * 1000 + UInt64(now.tv_nsec / 1_000_000)
  }

  /// So many random bytes, for what nobody may guess.
  static func secret(_ count: Int) -> [UInt8] {
    let random = surroundings().random
    return (0..<(count + 7) / 8).flatMap { _ in
      let number = random()
      return (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
    }.prefix(count).map { $0 }
  }

  static func today() -> Day { day(milliseconds: surroundings().now()).day }

  /// The local day and time of day.
  static func day(milliseconds: UInt64) -> (day: Day, hour: Int, minute: Int) {
    var seconds = time_t(milliseconds / 1000)
    var local = tm()
    localtime_r(&seconds, &local)
    let day = Day(
      year: Int(local.tm_year) + 1900, month: Int(local.tm_mon) + 1, day: Int(local.tm_mday))
    return (
      day ?? Day(number: Int(milliseconds / 86_400_000)), Int(local.tm_hour), Int(local.tm_min)
    )
  }

  /// The last moment of a local day.
  static func end(of day: Day) -> Timestamp {
    var local = tm()
    local.tm_year = Int32(day.year) - 1900
    local.tm_mon = Int32(day.month) - 1
    local.tm_mday = Int32(day.day) + 1
    local.tm_isdst = -1
    let seconds = mktime(&local)
    return Timestamp(
      rawValue: Timestamp(milliseconds: UInt64(max(0, seconds)) * 1000).rawValue &- 1)
  }

  /// "2025-05-12 18:02".
  static func text(_ timestamp: Timestamp) -> String {
    let (day, hour, minute) = day(milliseconds: timestamp.milliseconds)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(day) \(two(hour)):\(two(minute))"
  }

  static func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  static var hostName: String {
    if let name = environment("DOSSIER_TEST_HOST") { return name }
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, 255) == 0 else { return "device" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static var userName: String {
    environment("USER") ?? environment("LOGNAME") ?? "me"
  }
}
