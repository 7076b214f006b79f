import Platform

/// A folder that cannot be used for a run, and what to do about it.
struct RunFolderError: Error, CustomStringConvertible {
    var description: String

    /// With what the system says.
    static func system(_ what: String) -> RunFolderError {
        RunFolderError(description: "\(what): \(String(cString: strerror(errno))) (option --output)")
    }
}
