extension StoredArray {
    /// A dataset: read like any other array where its elements follow each other in the file, else through HDF5.
    /// Throws `ParseError`: elements that are neither numbers nor texts, a filter that is not there, a row beyond what the
    /// file can hold.
    init(_ dataset: HDF5Dataset, _ file: String, _ name: String) throws {
        func fault(_ message: String) -> ParseError { ParseError(file: "\(file) (\(name))", message: message) }
        if let filter = dataset.missingFilter {
            throw fault(
                "is compressed with the filter \(filter), which HDF5 does not have here: write it with "
                    + "compression='gzip', or let HDF5_PLUGIN_PATH name a folder with the filter's plugin")
        }
        let element: ArrayElement
        var converts = false
        switch dataset.element {
        case .integer, .float:
            let letter =
                switch dataset.element {
                case .float: "f"
                case .integer(isSigned: true): "i"
                default: "u"
                }
            let known = dataset.isNative ? ArrayElement(rawValue: "\(letter)\(dataset.size)") : nil
            element = known ?? .f8
            converts = known == nil
        case .text(let isVariable): element = isVariable ? .string : .bytes
        case .other(let what):
            throw fault("holds \(what); rows are numbers, and labels numbers or texts: give another dataset")
        }
        let header = ArrayHeader(
            element: element, isBigEndian: dataset.isBigEndian && !converts, isFortran: false,
            extents: dataset.extents, start: 0, characters: element.isText ? dataset.size : 1)
        let isPlain = dataset.offset != nil && !converts && header.element != .string
        guard let size = CheckedCount.product(header.extents.filter { $0 != 0 } + [header.elementSize]),
            // Sums over the files stay within Int.
            size < 1 << 56, header.extents.allSatisfy({ $0 < 1 << 56 })
        else { throw fault("is damaged: it announces more than any file holds; copy the file again") }
        let byteCount = header.extents.contains(0) ? 0 : size
        let most = max(1 << 24, dataset.storedBytes.saturating(times: GzipInflater.ratio))
        guard header.bytesPerRow <= most else { throw fault("has rows larger than the file can hold; copy it again") }
        let offset = dataset.offset ?? 0
        if isPlain {
            let length = try InputFile(path: file).byteCount
            guard offset <= length, byteCount <= length - offset else {
                throw fault(
                    "is cut off: it takes \(byteCount) bytes from byte \(offset) of \(length); copy the file again")
            }
        }
        let packing: ArraySource.Packing = isPlain ? .none : converts ? .hdf5Doubles : .hdf5
        self.init(
            source: ArraySource(
                path: file, member: name, packing: packing, offset: offset,
                packedCount: isPlain ? byteCount : dataset.storedBytes, byteCount: byteCount,
                piece: dataset.band > HDF5Reader.cacheLimit ? HDF5Reader.cacheLimit : nil),
            header: header)
    }

    /// A list of texts or numbers that codes stand for.
    func categories() throws -> LabelArray.Categories {
        let count = header.count
        guard header.extents.count == 1, count <= 1 << 20 else {
            throw ParseError(file: source.name, message: "is no list of at most \(1 << 20) categories")
        }
        var block = RowBlock()
        try ArrayLabels(LabelArray(array: self)).fill(&block, 0..<count)
        guard header.element.isText else { return .numbers(block.labels) }
        return .names(block.labels.map { $0.isNaN ? "" : block.labelNames[Int($0)] })
    }
}
