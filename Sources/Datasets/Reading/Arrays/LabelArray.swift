/// One label per row: an array of numbers or texts, or of codes for a list of either.
struct LabelArray: Codable, Sendable, Equatable {
    /// What codes 0, 1, … stand for; below 0 they say that there is no label.
    enum Categories: Codable, Sendable, Equatable {
        case names([String])
        case numbers([Double])

        var count: Int {
            switch self {
            case .names(let names): names.count
            case .numbers(let numbers): numbers.count
            }
        }
    }

    var array: StoredArray
    var categories: Categories?

    var source: ArraySource { array.source }
    var isText: Bool {
        if case .names = categories { return true }
        return array.header.element.isText
    }

    /// Throws `ParseError` unless there is one for each of `rows`, the rows of the array called `data`.
    func check(rows: Int, of data: String) throws {
        let header = array.header
        let extents = header.extents
        guard extents.count == 1 || extents.count == 2 && extents[1] == 1, !header.isFortran || extents.count == 1
        else {
            throw ParseError(
                file: source.name, message: "has shape (\(header.shapeText)); one label per row is needed")
        }
        guard extents[0] == rows else {
            throw ParseError(
                file: source.name,
                message: "has \(extents[0]) labels, but \(data) has \(rows) rows: give the labels of these rows")
        }
    }
}
