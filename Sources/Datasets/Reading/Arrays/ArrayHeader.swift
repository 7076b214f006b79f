/// What an array is: element type, byte order, shape, and where its elements start.
struct ArrayHeader: Codable, Sendable, Equatable {
    var element: ArrayElement
    var isBigEndian: Bool
    /// Columns are contiguous instead of rows.
    var isFortran: Bool
    var extents: [Int]
    /// Bytes before the first element.
    var start: Int
    /// Of texts of one length.
    var characters = 1

    // No product of these overflows once `checkLength` has passed.
    var rows: Int { extents.first ?? 1 }
    /// Elements of one row.
    var width: Int { extents.dropFirst().reduce(1, *) }
    /// Elements.
    var count: Int { rows * width }
    var elementSize: Int { element.size * characters }
    var bytesPerRow: Int { width * elementSize }
    var byteCount: Int { start + rows * bytesPerRow }
    /// An IDX head is a word and one for each extent; those of NPY are longer.
    var isIDX: Bool { isBigEndian && start == 4 + 4 * extents.count }
    var shapeText: String { extents.map(String.init).joined(separator: ", ") }

    /// Reads the head of an NPY or IDX array, and checks that the array is all there where its length is known.
    /// Throws `ParseError`.
    init(_ source: ArraySource) throws {
        let head = try source.head(12)
        if head.starts(with: NPYHeader.magic) {
            self = try NPYHeader.read(source, head)
        } else if IDXHeader.isHead(head) {
            self = try IDXHeader.read(source, head)
        } else {
            let start = head.prefix(4).map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }
            throw ParseError(
                file: source.name,
                message:
                    "is neither a NumPy nor an IDX array: it starts with the bytes \(start.joined(separator: " ")); "
                    + "NumPy arrays start with 93 4e 55 4d, IDX images with 00 00 08 03, IDX labels with 00 00 08 01")
        }
    }

    init(
        element: ArrayElement, isBigEndian: Bool, isFortran: Bool, extents: [Int], start: Int, characters: Int = 1
    ) {
        self.element = element
        self.characters = characters
        self.isBigEndian = isBigEndian
        self.isFortran = isFortran
        self.extents = extents
        self.start = start
    }

    /// Throws when the source cannot hold as many bytes as the shape says. Afterwards the counts above are sound.
    func checkLength(_ source: ArraySource) throws {
        let shown = extents.map(String.init).joined(separator: " × ")
        // An extent of 0 must not hide the size of the others, which are multiplied too.
        guard let largest = CheckedCount.product(extents.filter { $0 != 0 } + [element.size, characters]),
            CheckedCount.sum([largest, start]) != nil
        else {
            throw ParseError(
                file: source.name,
                message: "is damaged: its header announces \(shown) \(element), more than any file holds; copy it again"
            )
        }
        let size = extents.contains(0) ? 0 : largest
        guard size > source.mostBytes - start else { return }
        let found =
            source.byteCount.map { "\($0 - start) bytes of data, but " }
            ?? "\(source.packedCount) packed bytes, but "
        throw ParseError(
            file: source.name, message: "is cut off: \(found)\(shown) \(element) need more; copy it again")
    }
}
