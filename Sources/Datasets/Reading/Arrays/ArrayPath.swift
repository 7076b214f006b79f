import Platform

/// FILE, or FILE:NAME for one array of a file that holds several. A file whose own name has a colon is that file.
struct ArrayPath {
    let file: String
    /// Nil: the array is found by its name.
    let name: String?

    init(_ given: String) {
        var end = given.endIndex
        while access(String(given[..<end]), F_OK) != 0, let colon = given[..<end].lastIndex(of: ":") { end = colon }
        guard end < given.endIndex, access(String(given[..<end]), F_OK) == 0 else {
            file = given
            name = nil
            return
        }
        file = String(given[..<end])
        let rest = given[given.index(after: end)...]
        name = rest.isEmpty ? nil : String(rest)
    }
}
