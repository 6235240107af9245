import ArgumentParser
import DossierModel
import DossierStore

struct Configure: StoreCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Settings of this machine: show them, or change one.",
    discussion: "hemisphere: north or south; which months a season of a date means.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: ArgumentHelp("Which one.", valueName: "NAME")) var name: String?
  @Argument(help: ArgumentHelp("What it is to be.", valueName: "VALUE")) var value: String?

  /// Of each setting what it can be; the first is what it is when nobody set it.
  static let settings = [(name: "hemisphere", values: ["north", "south"])]

  func run(_ context: Context) throws {
    guard let name else {
      for setting in Self.settings { try show(setting, context) }
      return
    }
    guard let setting = Self.settings.first(where: { $0.name == name }) else {
      throw Failure(
        "bad-value", exit: 64, "there is no setting \"\(name)\"",
        details: ["settings: " + Self.settings.map(\.name).joined(separator: ", ")], input: name)
    }
    guard let value else { return try show(setting, context) }
    guard setting.values.contains(value) else {
      throw Failure(
        "bad-value", exit: 64, "\(name) cannot be \"\(value)\"",
        details: ["values: " + setting.values.joined(separator: ", ")], input: value)
    }
    try context.store.set("config.\(name)", to: value)
    try show(setting, context)
  }

  private func show(_ setting: (name: String, values: [String]), _ context: Context) throws {
    say(
      "\(setting.name)  \(try context.store.setting("config.\(setting.name)") ?? setting.values[0])"
    )
  }
}

extension Context {
  /// Where the person lives, for dates like "summer 2025".
  var hemisphere: Hemisphere {
    get throws { try store.setting("config.hemisphere") == "south" ? .south : .north }
  }
}
