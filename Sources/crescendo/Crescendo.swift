import ArgumentParser

@main
struct Crescendo: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "crescendo", abstract: "Trains models on clusters.")
}
