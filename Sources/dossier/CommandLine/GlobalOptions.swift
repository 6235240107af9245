import ArgumentParser

/// What every command takes.
struct GlobalOptions: ParsableArguments {
  @Option(
    name: .customLong("store"), help: ArgumentHelp("Folder of the store.", valueName: "DIR"))
  var store: String?

  @Flag(help: "JSON instead of text.")
  var json = false

  @Option(help: ArgumentHelp("Only these fields.", valueName: "a,b"))
  var fields: String?

  @Option(help: "table, tsv, csv, json or jsonl.")
  var format: Format?

  @Flag(help: "Say nothing but what was asked for.")
  var quiet = false

  @Flag(help: "Say more of what is done.")
  var verbose = false

  @Flag(help: "Never ask; fail instead.")
  var noInput = false

  @Option(help: ArgumentHelp("auto, always or never.", valueName: "when"))
  var color = ColorChoice.auto

  enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
    case auto, always, never
  }

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case table, tsv, csv, json, jsonl
  }
}

/// Where a command belongs, and when.
struct PlaceOptions: ParsableArguments {
  @Option(
    name: .shortAndLong, help: ArgumentHelp("The partnership it belongs to.", valueName: "REF"))
  var partnership: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("The dialogue it belongs to.", valueName: "REF"))
  var dialogue: String?

  @Option(help: ArgumentHelp("The day it is about; today when absent.", valueName: "DATE"))
  var on: String?
}
