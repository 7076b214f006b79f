import Platform

/// A folder that cannot be used for a run, and what to do about it.
package struct RunFolderError: Error, CustomStringConvertible {
    package var description: String

    package init(description: String) {
        self.description = description
    }

    /// With what the system says.
    package static func system(_ what: String) -> RunFolderError {
        RunFolderError(description: "\(what): \(String(cString: strerror(errno))) (option --output)")
    }
}
