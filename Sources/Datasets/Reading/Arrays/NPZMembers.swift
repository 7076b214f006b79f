/// Which arrays of a .npz file are the rows and the labels.
enum NPZMembers {
    static func contents(_ place: ArrayPath, _ options: ReadOptions) throws -> ArrayContents {
        let arrays = try arrays(place.file)
        let names = arrays.map(name)
        if place.name == nil, let matrix = try SciPyArchive.matrix(arrays, place.file) {
            return ArrayContents(.sparse(matrix))
        }
        let (rows, part) = try rows(place, names, options)
        var contents = ArrayContents(.dense(try StoredArray(arrays[rows])))
        contents.notes = ["\(place.file): the rows are the array \(names[rows]).npy"]
        guard let part else {
            // Saved without names.
            contents.labels = try arrays.first { $0.member == "arr_1.npy" }.map {
                LabelArray(array: try StoredArray($0))
            }
            return contents
        }
        switch ArrayNames.labels(names, of: part) {
        case .one(let labels, _) where labels != rows:
            contents.labels = LabelArray(array: try StoredArray(arrays[labels]))
        case .several(let several): contents.candidates = several.map { names[$0] }
        default: break
        }
        return contents
    }

    /// Number of the array of the rows, and their part; nil: saved without names.
    private static func rows(
        _ place: ArrayPath, _ names: [String], _ options: ReadOptions
    ) throws -> (Int, ArrayNames.Part?) {
        if let wanted = place.name {
            let found = try chosen(wanted, names, place)
            return (found, ArrayNames.part(of: wanted))
        }
        switch ArrayNames.rows(names, isTraining: options.isTraining) {
        case .one(let index, let part): return (index, part)
        case .several(let several):
            throw ParseError(
                file: place.file,
                message:
                    "which of its arrays are the rows? It has \(several.map { names[$0] }.joined(separator: ", ")): "
                    + "choose one, as \(place.file):\(names[several[0]])")
        case .none: break
        }
        if names.count <= 2, let first = names.firstIndex(of: "arr_0") { return (first, nil) }
        throw ParseError(
            file: place.file,
            message:
                "which of its arrays are the rows? It has \(list(names)): choose one, as \(place.file):NAME, or name "
                + "them x and y, or x_train and y_train, …: numpy.savez(file, x=x, y=y)")
    }

    /// The labels of an archive that has them under a usual name or holds nothing else, or of a name.
    static func labels(_ place: ArrayPath, _ options: ReadOptions) throws -> ArraySource {
        let arrays = try arrays(place.file)
        let names = arrays.map(name)
        if let wanted = place.name { return arrays[try chosen(wanted, names, place)] }
        if arrays.count == 1 { return arrays[0] }
        if case .one(let index, _) = ArrayNames.labels(names, isTraining: options.isTraining) { return arrays[index] }
        throw ParseError(
            file: place.file,
            message: "which array of the archive are the labels? It has \(list(names)): choose one, as "
                + "\(place.file):\(names.first ?? "y"), or numpy.savez(file, y=labels)")
    }

    private static func chosen(_ wanted: String, _ names: [String], _ place: ArrayPath) throws -> Int {
        if let index = names.firstIndex(where: { $0 == wanted || $0 + ".npy" == wanted || "/" + $0 == wanted }) {
            return index
        }
        throw ParseError(file: place.file, message: "has no array called '\(wanted)'; it has \(list(names))")
    }

    private static func list(_ names: [String]) -> String {
        names.isEmpty ? "none" : names.prefix(20).joined(separator: ", ") + (names.count > 20 ? ", …" : "")
    }

    private static func arrays(_ path: String) throws -> [ArraySource] {
        try ZipArchive(path: path).members.filter { $0.member?.hasSuffix(".npy") ?? false }
    }

    private static func name(_ array: ArraySource) -> String { String((array.member ?? "").dropLast(4)) }

    static func isArchive(_ path: String) throws -> Bool {
        var magic = [UInt8](repeating: 0, count: 4)
        let file = try InputFile(path: path)
        return try magic.withUnsafeMutableBytes { try file.read(into: $0, at: 0) } == 4 && magic == ZipArchive.magic
    }
}
