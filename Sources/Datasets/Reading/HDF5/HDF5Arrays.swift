/// Which datasets and groups of an HDF5 file are the rows and the labels.
enum HDF5Arrays {
    static func contents(_ place: ArrayPath, _ options: ReadOptions) throws -> ArrayContents {
        let found = try HDF5Contents(place.file)
        let objects = found.objects
        let file = place.file
        if let name = place.name {
            guard let object = try HDF5Contents.object(file, name) else { throw missing(name, found, file) }
            var contents = ArrayContents(try rows(name, object, file))
            try addLabels(&contents, objects, place.file, ArrayNames.part(of: name), except: name)
            return contents
        }
        let candidates = objects.filter { isRows($0.object) && !isPart($0.path, objects) }
        let names = candidates.map(\.path)
        var choice = ArrayNames.rows(names, isTraining: options.isTraining)
        if candidates.count == 1 { choice = .one(0, ArrayNames.part(of: names[0])) }
        guard case .one(let index, let part) = choice else {
            if names.isEmpty, let name = found.unreadable.first { throw tooNew(name, file) }
            let list = names.isEmpty ? objects.map(\.path) : names
            throw ParseError(
                file: file,
                message: names.isEmpty
                    ? "has no dataset of two dimensions or more and no sparse matrix; it has \(shown(list))"
                    : "which of its datasets are the rows? It has \(shown(list)): choose one, as \(file):\(names[0])")
        }
        var contents = ArrayContents(try rows(names[index], candidates[index].object, file))
        contents.notes = ["\(file): the rows are \(names[index])"]
        try addLabels(&contents, objects, file, part, except: names[index])
        return contents
    }

    /// The labels at a path, or those under a usual name, or the only list that there is.
    static func labels(_ place: ArrayPath, _ options: ReadOptions) throws -> LabelArray {
        let found = try HDF5Contents(place.file)
        let objects = found.objects
        if let name = place.name {
            guard let object = try HDF5Contents.object(place.file, name) else {
                throw missing(name, found, place.file)
            }
            return try labels(name, object, objects, place.file)
        }
        let candidates = objects.filter { isLabels($0.object) && !isPart($0.path, objects) }
        let names = candidates.map(\.path)
        var choice = ArrayNames.labels(names, isTraining: options.isTraining)
        if candidates.count == 1 { choice = .one(0, .plain) }
        guard case .one(let index, _) = choice else {
            throw ParseError(
                file: place.file,
                message: "which of its datasets are the labels? It has \(shown(names)): choose one, as "
                    + "\(place.file):\(names.first ?? "/y")")
        }
        return try labels(names[index], candidates[index].object, objects, place.file)
    }

    private static func addLabels(
        _ contents: inout ArrayContents, _ objects: [(path: String, object: HDF5Contents.Object)], _ file: String,
        _ part: ArrayNames.Part, except rows: String
    ) throws {
        let count =
            switch contents.rows {
            case .dense(let array): array.header.rows
            case .sparse(let matrix): matrix.rows
            }
        let candidates = objects.filter {
            isLabels($0.object) && !isPart($0.path, objects) && $0.path != rows
                && length($0, objects).map { $0 == count } ?? false
        }
        let names = candidates.map(\.path)
        switch ArrayNames.labels(names, of: part) {
        case .one(let index, _): contents.labels = try labels(names[index], candidates[index].object, objects, file)
        case .several(let several): contents.candidates = several.map { names[$0] }
        case .none: break
        }
    }

    private static func missing(_ name: String, _ found: HDF5Contents, _ file: String) -> ParseError {
        if found.unreadable.contains(name) { return tooNew(name, file) }
        return ParseError(
            file: file, message: "has nothing called '\(name)'; it has \(shown(found.objects.map(\.path)))")
    }

    /// Newer versions of the library write what older ones do not open.
    private static func tooNew(_ name: String, _ file: String) -> ParseError {
        ParseError(
            file: file,
            message:
                "'\(name)' cannot be opened by the HDF5 library here, which is older than what wrote it; write it anew "
                + "with h5py.File(…, libver='earliest')")
    }

    private static func shown(_ paths: [String]) -> String {
        paths.isEmpty ? "nothing" : paths.prefix(20).joined(separator: ", ") + (paths.count > 20 ? ", …" : "")
    }

    private static func isRows(_ object: HDF5Contents.Object) -> Bool {
        switch object {
        case .dataset(let dataset): (2...4).contains(dataset.extents.count) && isNumber(dataset)
        case .group(let group): group.encoding == "csr_matrix" || group.encoding == "csc_matrix"
        }
    }

    private static func isNumber(_ dataset: HDF5Dataset) -> Bool {
        switch dataset.element {
        case .integer, .float: true
        default: false
        }
    }

    private static func isLabels(_ object: HDF5Contents.Object) -> Bool {
        switch object {
        case .dataset(let dataset):
            if case .other = dataset.element { return false }
            return dataset.extents.count == 1 || dataset.extents.count == 2 && dataset.extents[1] == 1
        case .group(let group): return group.encoding == "categorical"
        }
    }

    /// Datasets within a matrix or a list of categories are none by themselves.
    private static func isPart(_ path: String, _ objects: [(path: String, object: HDF5Contents.Object)]) -> Bool {
        guard let slash = path.lastIndex(of: "/") else { return false }
        return objects.contains {
            guard $0.path == path[..<slash], case .group(let group) = $0.object else { return false }
            return ["csr_matrix", "csc_matrix", "categorical"].contains(group.encoding)
        }
    }

    /// Labels that an object has.
    private static func length(
        _ labels: (path: String, object: HDF5Contents.Object), _ objects: [(path: String, object: HDF5Contents.Object)]
    ) -> Int? {
        if case .dataset(let dataset) = labels.object { return dataset.extents.first }
        guard let codes = objects.first(where: { $0.path == labels.path + "/codes" }) else { return nil }
        return length(codes, [])
    }

    private static func rows(
        _ name: String, _ object: HDF5Contents.Object, _ file: String
    ) throws -> ArrayContents.Rows {
        switch object {
        case .dataset(let dataset): return .dense(try StoredArray(dataset, file, name))
        case .group(let group):
            guard let layout = StoredMatrix.Layout(rawValue: String(group.encoding.prefix(3))),
                group.encoding == layout.rawValue + "_matrix", layout != .coo
            else {
                throw ParseError(
                    file: file,
                    message:
                        "\(name) is a group\(group.encoding.isEmpty ? "" : " (\(group.encoding))"), and neither a dataset "
                        + "nor a matrix as AnnData writes it (encoding-type csr_matrix or csc_matrix, shape): give the "
                        + "path of a dataset")
            }
            func part(_ key: String) throws -> StoredArray {
                guard case .dataset(let dataset)? = try HDF5Contents.object(file, name + "/" + key) else {
                    throw ParseError(file: file, message: "\(name) is damaged: it has no \(key); write it again")
                }
                return try StoredArray(dataset, file, name + "/" + key)
            }
            return .sparse(
                try StoredMatrix(
                    layout, shape: group.shape, offsets: try part("indptr"), indices: try part("indices"),
                    values: try part("data"), name: "\(file) (\(name))"))
        }
    }

    private static func labels(
        _ name: String, _ object: HDF5Contents.Object, _ objects: [(path: String, object: HDF5Contents.Object)],
        _ file: String
    ) throws -> LabelArray {
        switch object {
        case .dataset(let dataset): return LabelArray(array: try StoredArray(dataset, file, name))
        case .group(let group):
            guard group.encoding == "categorical",
                case .dataset(let codes)? = try HDF5Contents.object(file, name + "/codes"),
                case .dataset(let categories)? = try HDF5Contents.object(file, name + "/categories")
            else {
                throw ParseError(
                    file: file,
                    message:
                        "\(name) is a group, and not one of categories as AnnData writes them (codes, categories): "
                        + "give the path of a dataset")
            }
            return LabelArray(
                array: try StoredArray(codes, file, name + "/codes"),
                categories: try StoredArray(categories, file, name + "/categories").categories())
        }
    }
}
