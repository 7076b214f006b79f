/// With what the program ends, besides 0.
enum ExitCode {
    static let failure: Int32 = 1
    /// A run that has gone astray for good.
    static let diverged: Int32 = 2
    /// Wrong options.
    static let usage: Int32 = 64
    /// The same command goes on where this one left.
    static let interrupted: Int32 = 75

    static func stopped(by signal: Int32) -> Int32 { 128 + signal }
}
