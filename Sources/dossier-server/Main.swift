import ArgumentParser
@main struct DossierServer: ParsableCommand { func run() {} }
