/// Which arrays of a .npz file are the rows and the labels: told by their names.
enum NPZMembers {
    private static let dataNames: Set<Substring> = [
        "x", "data", "image", "images", "features", "inputs", "input", "samples",
    ]
    private static let labelNames: Set<Substring> = ["y", "label", "labels", "target", "targets", "classes"]
    private static let training: Set<Substring> = ["train", "training", "tr"]
    private static let others: [Set<Substring>] = [["test", "te"], ["val", "valid", "validation", "dev"]]

    /// The array of a plain or gzip file; in an archive, the rows (x, x_train, train_images, …) and, if it has them, the
    /// labels (y, y_train, …). Rows to train on are those of the training part, later rows those of the test part.
    static func sources(_ path: String, _ options: ReadOptions) throws -> (data: ArraySource, labels: ArraySource?) {
        guard try isArchive(path) else { return (try ArraySource(file: path), nil) }
        let arrays = try ZipArchive(path: path).members.filter { $0.member?.hasSuffix(".npy") ?? false }
        try refuseSciPy(arrays, path)
        for part in parts(options) {
            let data = arrays.filter { belongs($0, to: dataNames, part) }
            guard data.count == 1 else { continue }
            let labels = arrays.filter { belongs($0, to: labelNames, part) }
            return (data[0], labels.count == 1 ? labels[0] : nil)
        }
        // Saved without names.
        if let first = arrays.first(where: { $0.member == "arr_0.npy" }), arrays.count <= 2 {
            return (first, arrays.first { $0.member == "arr_1.npy" })
        }
        let names = arrays.map { ($0.member ?? "").dropLast(4) }.joined(separator: ", ")
        throw ParseError(
            file: path,
            message: "which of its arrays are the rows? It has \(names.isEmpty ? "none" : names): "
                + "name them x and y, or x_train and y_train, …: numpy.savez(file, x=x, y=y)")
    }

    /// The parts of an archive in which rows are looked for, in this order; nil: neither training nor test.
    private static func parts(_ options: ReadOptions) -> [Set<Substring>?] {
        (options.isTraining ? [training] + others : others + [training]) + [nil]
    }

    /// The labels of a plain or gzip file, or of an archive that has them under a usual name or holds nothing else.
    static func labels(_ path: String, _ options: ReadOptions) throws -> ArraySource {
        guard try isArchive(path) else { return try ArraySource(file: path) }
        let arrays = try ZipArchive(path: path).members.filter { $0.member?.hasSuffix(".npy") ?? false }
        if arrays.count == 1 { return arrays[0] }
        for part in parts(options) {
            let labels = arrays.filter { belongs($0, to: labelNames, part) }
            if labels.count == 1 { return labels[0] }
        }
        let names = arrays.map { ($0.member ?? "").dropLast(4) }.joined(separator: ", ")
        throw ParseError(
            file: path,
            message: "which array of the archive are the labels? It has \(names.isEmpty ? "none" : names): "
                + "numpy.savez(file, y=labels)")
    }

    /// scipy.sparse.save_npz writes the parts of a matrix, of which one is called data.
    private static func refuseSciPy(_ arrays: [ArraySource], _ path: String) throws {
        let names = Set(arrays.compactMap(\.member))
        guard names.contains("format.npy"), names.contains("shape.npy"), names.contains("data.npy") else { return }
        throw ParseError(
            file: path,
            message: "holds a sparse matrix of SciPy; write it with its labels as LIBSVM: "
                + "sklearn.datasets.dump_svmlight_file(matrix, labels, 'data.svm', zero_based=False)")
    }

    static func isArchive(_ path: String) throws -> Bool {
        var magic = [UInt8](repeating: 0, count: 4)
        let file = try InputFile(path: path)
        return try magic.withUnsafeMutableBytes { try file.read(into: $0, at: 0) } == 4 && magic == ZipArchive.magic
    }

    /// - Parameter part: nil: neither training nor test.
    private static func belongs(_ array: ArraySource, to names: Set<Substring>, _ part: Set<Substring>?) -> Bool {
        let words = (array.member ?? "").lowercased().dropLast(4).split { !$0.isLetter }
        guard words.contains(where: names.contains) else { return false }
        guard let part else { return true }
        return words.contains(where: part.contains)
    }
}
