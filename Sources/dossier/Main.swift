import ArgumentParser

@main struct Dossier: ParsableCommand { 
  static let configuration = CommandConfiguration(version: "0.1")
  func run() {  } }
