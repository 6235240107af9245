import ArgumentParser
import DossierModel
import DossierStore
import ReplicaStore

struct Completions: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print what a shell needs to complete commands, ids, slugs and names.",
    discussion: """
      bash: dossier completions bash > ~/.local/share/bash-completion/completions/dossier
      zsh:  dossier completions zsh > a folder of $fpath, as _dossier
      fish: dossier completions fish > ~/.config/fish/completions/dossier.fish
      """)

  @OptionGroup var options: GlobalOptions
  @Argument(help: "bash, zsh or fish.") var shell: String

  func run() throws {
    guard let script = Self.scripts[shell] else {
      throw Failure(
        "unknown-shell", exit: 64, "there is no completion for \"\(shell)\"",
        details: ["shells: bash, fish, zsh"], fix: "dossier completions bash", input: shell)
    }
    sayRaw(script)
  }

  /// All three ask the program itself: a line a candidate, word, tab, what it is.
  private static let scripts = [
    "bash": """
    _dossier() {
      local IFS=$'\\n'
      local cur=${COMP_WORDS[COMP_CWORD]}
      COMPREPLY=($(dossier complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
      # bash ends words at colons: what stands before the last one is there already.
      if [[ $cur == *:* || ${COMP_WORDS[COMP_CWORD-1]} == *: || $cur == : ]]; then
        COMPREPLY=("${COMPREPLY[@]##*:}")
      fi
    }
    complete -o default -F _dossier dossier

    """,
    "zsh": """
    #compdef dossier
    _dossier() {
      local -a words_found
      local line
      while IFS=$'\\t' read -r word title; do
        words_found+=("${word//:/\\\\:}:${title}")
      done < <(dossier complete -- "${words[@]:1:$((CURRENT - 1))}" 2>/dev/null)
      _describe 'dossier' words_found || _files
    }
    _dossier "$@"

    """,
    "fish": """
    function __dossier_complete
      set -l words (commandline -opc) (commandline -ct)
      dossier complete -- $words[2..-1] 2>/dev/null
    end
    complete -c dossier -f -a '(__dossier_complete)'

    """,
  ]
}

/// What the scripts of ``Completions`` ask: the words so far, the last one unfinished.
struct Complete: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what a word may become.", shouldDisplay: false)

  @Argument(parsing: .captureForPassthrough, help: "The words so far.") var words: [String] = []

  func run() throws {
    var words = self.words
    var options = try GlobalOptions.parse([])
    // Wherever it stands, the store that is named is the one that is asked.
    while let place = words.firstIndex(of: "--store"), place + 1 < words.count {
      options.store = words[place + 1]
      words.removeSubrange(place...place + 1)
    }
    if words.first == "--" { words.removeFirst() }
    let last = words.popLast() ?? ""
    for candidate in try candidates(words, last, options) {
      say(candidate.word + "\t" + candidate.title.replacing("\t", with: " "))
    }
  }

  private func candidates(
    _ before: [String], _ last: String, _ options: GlobalOptions
  ) throws -> [(word: String, title: String)] {
    guard let command = before.first else { return Self.commands(last) }
    if last.hasPrefix("-") { return Self.options(of: command, last) }
    // Nothing to be found where there is no store; and nothing is to be made.
    let folder = Context.folder(options)
    guard let store = try? Store(folder: folder, surroundings: Machine.surroundings()) else {
      return []
    }
    if let colon = last.lastIndex(of: ":") {
      let key = String(last[...colon])
      guard let kinds = Self.kinds(ofFilter: key) else { return [] }
      return try store.completions(of: String(last[last.index(after: colon)...]), kinds)
        .map { (key + $0.word, $0.title) }
    }
    if last.hasPrefix("+") {
      return try store.completions(of: String(last.dropFirst()), [.topic])
        .map { ("+" + $0.word, $0.title) }
    }
    return try store.completions(of: last, Self.kinds(after: before)).map { ($0.word, $0.title) }
  }

  private static func kinds(ofFilter key: String) -> [Kind]? {
    switch key {
    case "in:": [.partnership, .dialogue]
    case "by:", "with:", "of:", "owner:", "for:": [.party]
    case "topic:": [.topic]
    default: nil
    }
  }

  private static var all: [any ParsableCommand.Type] { Dossier.configuration.subcommands }

  private static func commands(_ beginning: String) -> [(word: String, title: String)] {
    all.filter { $0.configuration.shouldDisplay && $0._commandName.hasPrefix(beginning) }
      .map { ($0._commandName, $0.configuration.abstract) }.sorted { $0.0 < $1.0 }
  }

  /// As the help of the command names them.
  static func options(of command: String, _ beginning: String) -> [(
    word: String, title: String
  )] {
    guard let type = all.first(where: { $0._commandName == command }) else { return [] }
    let words = Dossier.helpMessage(for: type).split(whereSeparator: { " ,\n[]<>=".contains($0) })
    return Set(words.filter { $0.hasPrefix("--") && $0.count > 2 && $0.hasPrefix(beginning) })
      .sorted().map { (String($0), "") }
  }

  /// Which records the place of a word asks for.
  private static func kinds(after before: [String]) -> [Kind] {
    switch (before[0], before.last ?? "") {
    case (_, "-p"), (_, "--partnership"), ("export", _): [.partnership]
    case (_, "-d"), (_, "--dialogue"), ("take", _): [.dialogue]
    case (_, "--by"), (_, "--of"), (_, "--with"), (_, "--for"), ("act", "act"), ("role", "role"):
      [.party]
    case ("done", _), ("reopen", _): [.action]
    case ("open", _), ("brief", _), (_, "--to"): [.partnership, .dialogue]
    case ("attend", "attend"): [.dialogue]
    case ("attend", _): [.party]
    default: []
    }
  }
}
