import ChangeLog

/// How one device reaches the server this time.
struct SimulatedLine: Remote, @unchecked Sendable {
  // Used by one task only; the simulation runs one thing after another.
  let server: SimulatedServer
  let device: String
  let key: PublicKey
  let token: Token?
  var pageSize = 2 << 20
  var weather = Weather()

  struct Weather {
    /// The exchange, from 1, that something happens to; none when 0.
    var exchange = 0
    var trouble = Trouble.none
    /// Where in the bytes it happens.
    var place = 0
  }

  enum Trouble: CaseIterable {
    case none, requestLost, answerLost, requestTwice, answerCut, answerChanged, loginPage,
      requestCut
  }

  struct IsCut: Error {}

  private final class Counter { var value = 0 }
  private let counter = Counter()

  init(server: SimulatedServer, _ device: SimulatedDevice) throws {
    self.server = server
    self.device = device.name
    key = device.replica.key.publicKey
    token = try device.token
  }

  /// Where all clocks of machines begin; those that have jumped say nothing of others'.
  var serverTime: UInt64? { SimulatedDevice.start }

  func exchange(_ request: SyncRequest) async throws -> SyncResponse {
    counter.value += 1
    var request = request
    request.pageSize = pageSize
    let bytes = request.encoded
    let trouble = counter.value == weather.exchange ? weather.trouble : .none
    switch trouble {
    case .requestLost: throw IsCut()
    case .requestCut:
      // The server sees that it is not whole.
      let cut = Array(bytes.prefix(weather.place % bytes.count))
      _ = try? server.answer(cut, from: device, key: key, showing: token)
      throw IsCut()
    case .requestTwice: _ = try server.answer(bytes, from: device, key: key, showing: token)
    default: break
    }
    var answer = try server.answer(bytes, from: device, key: key, showing: token)
    switch trouble {
    case .answerLost: throw IsCut()
    case .answerCut: answer = Array(answer.prefix(weather.place % answer.count))
    case .answerChanged: answer[weather.place % answer.count] ^= 1 << UInt8(weather.place % 8)
    case .loginPage: answer = Array("<html>Welcome to our hotel</html>".utf8)
    default: break
    }
    return try SyncResponse(decoding: answer)
  }
}
