internal import Synchronization

/// What the server counts, as a scraper of Prometheus reads it (text format 0.0.4).
final class Metrics: Sendable {
  /// Upper ends of the classes of durations, in seconds.
  private static let classes = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

  private struct Counts {
    var requests: [String: Int] = [:]
    var durations: [Int] = Array(repeating: 0, count: Metrics.classes.count + 1)
    var seconds = 0.0
    var changesets = 0
    var refused: [String: Int] = [:]
    var bytesIn = 0
    var bytesOut = 0
  }

  private let counts = Mutex(Counts())

  /// - Parameters:
  ///   - route: "sync", not the address: that would name workspaces.
  ///   - duration: nil for one that waited for news, which says nothing of the server.
  func count(_ route: String, status: Int, duration: Duration?) {
    counts.withLock { counts in
      counts.requests["route=\"\(route)\",status=\"\(status)\"", default: 0] += 1
      guard let duration else { return }
      let seconds = duration / .seconds(1)
      counts.seconds += seconds
      counts.durations[Self.classes.firstIndex { seconds <= $0 } ?? Self.classes.count] += 1
    }
  }

  func countSync(accepted: Int, refused: [String], bytesIn: Int, bytesOut: Int) {
    counts.withLock { counts in
      counts.changesets += accepted
      for reason in refused { counts.refused["reason=\"\(reason)\"", default: 0] += 1 }
      counts.bytesIn += bytesIn
      counts.bytesOut += bytesOut
    }
  }

  /// - Parameters:
  ///   - connections: open now.
  ///   - turnedAway: how many were told to come again.
  ///   - watchers: waiting for news now.
  ///   - certificateExpires: in seconds since 1970.
  func text(
    connections: Int, turnedAway: Int, watchers: Int, isReady: Bool, certificateExpires: Int?
  ) -> String {
    let counts = counts.withLock { $0 }
    var lines: [String] = []
    func metric(_ name: String, _ kind: String, _ help: String, _ samples: [(String, String)]) {
      lines.append("# HELP \(name) \(help)")
      lines.append("# TYPE \(name) \(kind)")
      lines += samples.map { "\(name)\($0.0) \($0.1)" }
    }
    func labelled(_ counts: [String: Int]) -> [(String, String)] {
      counts.sorted { $0.key < $1.key }.map { ("{\($0.key)}", "\($0.value)") }
    }
    metric(
      "dossier_requests_total", "counter", "Answers by route and status.",
      labelled(counts.requests))
    var sum = 0
    let buckets = zip(Self.classes.map { "\($0)" } + ["+Inf"], counts.durations).map {
      (end, count) in
      sum += count
      return ("_bucket{le=\"\(end)\"}", "\(sum)")
    }
    metric(
      "dossier_request_seconds", "histogram",
      "How long answers took, waiting for news not counted.",
      buckets + [("_sum", "\(counts.seconds)"), ("_count", "\(sum)")])
    metric(
      "dossier_changesets_accepted_total", "counter", "Changesets that got a position or had one.",
      [("", "\(counts.changesets)")])
    metric(
      "dossier_changesets_refused_total", "counter", "Changesets refused, by reason.",
      labelled(counts.refused))
    metric(
      "dossier_sync_received_bytes_total", "counter", "Bytes of sync requests.",
      [("", "\(counts.bytesIn)")])
    metric(
      "dossier_sync_sent_bytes_total", "counter", "Bytes of sync answers.",
      [("", "\(counts.bytesOut)")])
    metric("dossier_connections", "gauge", "Open connections.", [("", "\(connections)")])
    metric(
      "dossier_connections_turned_away_total", "counter",
      "Connections that were told to come again, because there were as many as there may be.",
      [("", "\(turnedAway)")])
    metric("dossier_watchers", "gauge", "Clients that wait for news.", [("", "\(watchers)")])
    metric("dossier_ready", "gauge", "1 when the data can be read.", [("", isReady ? "1" : "0")])
    if let certificateExpires {
      metric(
        "dossier_certificate_expires_seconds", "gauge", "When, in seconds since 1970.",
        [("", "\(certificateExpires)")])
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
