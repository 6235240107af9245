@testable import ChangeLog

/// A text worked out the slow way from the set of its edits: a tree with one node a character (FugueMax, from
/// Weidner and Kleppmann, "The Art of the Fugue", section 4), walked anew for every question.
///
/// It shares no code and no representation with ``TextDocument``.
struct TextOracle {
  /// An edit that came after another of the list must not come before it.
  private var edits: [(id: ChangeID, edit: TextEdit)] = []
  private let id: ChangeID
  private let original: String

  init(id: ChangeID, text: String) {
    self.id = id
    original = text
  }

  mutating func add(_ edit: TextEdit, id: ChangeID) { edits.append((id, edit)) }

  private final class Node {
    let id: CharacterID?
    let scalar: Unicode.Scalar?
    let rightOrigin: Node?
    var left: [Node] = []
    var right: [Node] = []
    weak var parent: Node?
    var removers: Set<ChangeID> = []

    init(_ id: CharacterID?, _ scalar: Unicode.Scalar?, rightOrigin: Node?) {
      self.id = id
      self.scalar = scalar
      self.rightOrigin = rightOrigin
    }

    func isBelow(_ other: Node) -> Bool {
      var node: Node? = self
      while let here = node {
        if here === other { return true }
        node = here.parent
      }
      return false
    }
  }

  private func walk(_ node: Node, _ visit: (Node) -> Void) {
    for child in node.left { walk(child, visit) }
    visit(node)
    for child in node.right { walk(child, visit) }
  }

  private func order(_ root: Node) -> [Node] {
    var nodes: [Node] = []
    walk(root) { nodes.append($0) }
    return nodes
  }

  private func tree() -> Node {
    let root = Node(nil, nil, rightOrigin: nil)
    var nodes: [CharacterID: Node] = [:]
    func place(_ node: Node, left: Node, right: Node?) {
      nodes[node.id!] = node
      if let right, right.isBelow(left) {
        node.parent = right
        right.left.append(node)
        right.left.sort { $0.id! < $1.id! }
      } else {
        node.parent = left
        left.right.append(node)
        // The further right it was meant to reach, the earlier it stands; the end reaches furthest.
        let places = Dictionary(
          uniqueKeysWithValues: order(root).enumerated().map { (ObjectIdentifier($1), $0) })
        func reach(_ node: Node) -> Int {
          node.rightOrigin.map { places[ObjectIdentifier($0)]! } ?? .max
        }
        left.right.sort { (reach($1), $0.id!) < (reach($0), $1.id!) }
      }
    }
    func insert(_ text: String, from start: CharacterID, left: Node, right: Node?) {
      var left = left
      for (offset, scalar) in text.unicodeScalars.enumerated() {
        let id = CharacterID(change: start.change, offset: start.offset + offset)
        let node = Node(id, scalar, rightOrigin: right)
        place(node, left: left, right: right)
        left = node
      }
    }
    insert(original, from: CharacterID(change: id, offset: 0), left: root, right: nil)
    for (change, edit) in edits {
      var offset = 0
      for hunk in edit.hunks {
        for range in hunk.removed {
          for place in range.offsets {
            nodes[CharacterID(change: range.start.change, offset: place)]?.removers.insert(change)
          }
        }
        insert(
          hunk.inserted.string, from: CharacterID(change: change, offset: offset),
          left: hunk.left.map { nodes[$0]! } ?? root, right: hunk.right.map { nodes[$0]! })
        offset += hunk.inserted.string.unicodeScalars.count
      }
    }
    return root
  }

  private func isEffective(_ change: ChangeID) -> Bool {
    !edits.contains { $0.edit.cancelled.contains(change) && isEffective($0.id) }
  }

  private func knows(_ one: (id: ChangeID, edit: TextEdit), _ other: ChangeID) -> Bool {
    other == id || other == one.id
      || one.edit.seen.contains { $0.writer == other.writer && other <= $0 }
  }

  var text: String {
    let effective = Dictionary(
      uniqueKeysWithValues: (edits.map(\.id) + [id]).map { ($0, isEffective($0)) })
    var scalars = String.UnicodeScalarView()
    for node in order(tree()) {
      guard let id = node.id, effective[id.change]!,
        !node.removers.contains(where: { effective[$0]! })
      else { continue }
      scalars.append(node.scalar!)
    }
    return String(scalars)
  }

  private func isLines(_ hunk: TextEdit.Hunk) -> Bool {
    let scalars = Array(hunk.inserted.string.unicodeScalars)
    if scalars.first == "\n" { return true }
    let left = hunk.left.flatMap { character($0) }
    return scalars.last == "\n" && (hunk.left == nil || left == "\n")
  }

  private func character(_ id: CharacterID) -> Unicode.Scalar? {
    let inserted =
      edits.first { $0.id == id.change }?.edit.hunks.map(\.inserted.string).joined() ?? original
    let scalars = Array(inserted.unicodeScalars)
    return scalars.indices.contains(id.offset) ? scalars[id.offset] : nil
  }

  /// The pairs that clash, from their definition: two edits, neither of which knew of the other; both
  /// removed one character and one of them wrote something there, or one wrote behind a character that the
  /// other removed, or both wrote behind one character and not both of them lines; not settled by an edit that knew both; none of them taken back.
  var clashes: Set<Set<ChangeID>> {
    func removed(_ hunk: TextEdit.Hunk) -> Set<CharacterID> {
      Set(
        hunk.removed.flatMap { range in
          range.offsets.map { CharacterID(change: range.start.change, offset: $0) }
        })
    }
    func meet(_ a: TextEdit, _ b: TextEdit) -> Bool {
      a.hunks.contains { one in
        b.hunks.contains { other in
          let writes = !one.inserted.string.isEmpty || !other.inserted.string.isEmpty
          if writes, !removed(one).isDisjoint(with: removed(other)) { return true }
          if !one.inserted.string.isEmpty, let left = one.left, removed(other).contains(left) {
            return true
          }
          if !other.inserted.string.isEmpty, let left = other.left, removed(one).contains(left) {
            return true
          }
          if !one.inserted.string.isEmpty, !other.inserted.string.isEmpty, one.left == other.left {
            return !isLines(one) || !isLines(other)
          }
          return false
        }
      }
    }
    var found: Set<Set<ChangeID>> = []
    for (place, one) in edits.enumerated() {
      for other in edits[..<place]
      where !knows(one, other.id) && !knows(other, one.id) && meet(one.edit, other.edit)
        && isEffective(one.id) && isEffective(other.id)
      {
        let isSettled = edits.contains {
          $0.edit.settles && knows($0, one.id) && knows($0, other.id)
        }
        if !isSettled { found.insert([one.id, other.id]) }
      }
    }
    return found
  }
}
