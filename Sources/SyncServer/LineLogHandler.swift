internal import Glibc
public import Logging

/// Writes each event as one line to stderr: time, level, message, then `key=value` sorted by key.
public struct LineLogHandler: LogHandler {
  public var metadata: Logger.Metadata = [:]
  public var logLevel: Logger.Level = .info
  private let now: @Sendable () -> Int

  /// - Parameter now: in seconds since 1970.
  public init(now: @escaping @Sendable () -> Int) { self.now = now }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    let fields = metadata.merging(event.metadata ?? [:]) { $1 }
      .sorted { $0.key < $1.key }
      .map { " \($0.key)=\(Self.quoted("\($0.value)"))" }.joined()
    let message = event.message.description.onOneLine
    let line = "\(UTCTime(seconds: now())) \(event.level.rawValue) \(message)\(fields)\n"
    // One call, so that lines of several threads do not mix. When stderr is gone, nobody can be told.
    _ = Array(line.utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }

  private static func quoted(_ value: String) -> String {
    let line = value.onOneLine
    let isPlain = !line.isEmpty && line.allSatisfy { !" \"=\\".contains($0) }
    if isPlain { return line }
    return "\""
      + line.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "\""
  }
}
