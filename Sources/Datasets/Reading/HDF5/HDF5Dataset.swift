/// What an HDF5 file says of one of its datasets.
struct HDF5Dataset {
    enum Element: Equatable {
        /// Also enumerations, as Python's booleans are, and fields of bits.
        case integer(isSigned: Bool)
        case float
        /// All of one length, or each of its own.
        case text(isVariable: Bool)
        /// A name for people.
        case other(String)
    }

    var extents: [Int]
    var element: Element
    /// Bytes of an element.
    var size: Int
    var isBigEndian: Bool
    /// Numbers are as processors have them (IEEE 754, all bits used), so that no library needs to convert them.
    var isNative: Bool
    /// First byte in the file where the elements follow each other there; nil: HDF5 has to find them.
    var offset: Int?
    /// Bytes that the elements take in the file.
    var storedBytes: Int
    /// Of a dataset in chunks.
    var chunk: [Int]?
    /// A filter that this machine's HDF5 does not have.
    var missingFilter: String?

    /// Bytes of the chunks that one row runs through.
    var band: Int {
        guard let chunk, chunk.count == extents.count else { return 0 }
        let across = zip(extents, chunk).dropFirst().map { ($0 - 1) / max(1, $1) + 1 }
        return CheckedCount.product(across + chunk + [size]) ?? .max
    }
}

extension HDF5Calls {
    /// Looks at an open dataset.
    func describe(_ dataset: ID, _ file: String, _ name: String) throws -> HDF5Dataset {
        let what = "dataset \(name)"
        let space = try check(space(dataset), file, what)
        defer { _ = release(space) }
        let type = try check(type(dataset), file, what)
        defer { _ = release(type) }
        let list = try check(creation(dataset), file, what)
        defer { _ = release(list) }
        let (element, isNative) = element(type)
        var result = HDF5Dataset(
            extents: try extents(of: space, file, what), element: element, size: max(1, typeSize(type)),
            isBigEndian: typeOrder(type) == 1, isNative: isNative,
            storedBytes: Int(clamping: storageSize(dataset)))
        switch layout(list) {
        case 1 where externalCount(list) == 0:
            let offset = offset(dataset)
            if offset != .max { result.offset = Int(clamping: offset) }
        case 2:
            var sizes = [UInt64](repeating: 0, count: result.extents.count)
            if chunk(list, Int32(sizes.count), &sizes) == sizes.count {
                result.chunk = sizes.map { Int(clamping: $0) }
            }
            result.missingFilter = missingFilter(list)
        default: break
        }
        return result
    }

    func extents(of space: ID, _ file: String, _ what: String) throws -> [Int] {
        let count = rank(space)
        guard count >= 0 else { throw failure(file, what) }
        var sizes = [UInt64](repeating: 0, count: Int(count))
        guard count == 0 || extents(space, &sizes, nil) >= 0 else { throw failure(file, what) }
        return sizes.map { Int(clamping: $0) }
    }

    private func element(_ type: ID) -> (HDF5Dataset.Element, isNative: Bool) {
        let size = typeSize(type)
        switch typeClass(type) {
        case 0:
            return (
                .integer(isSigned: typeSign(type) == 1), [1, 2, 4, 8].contains(size) && typePrecision(type) == 8 * size
            )
        case 1:
            var fields = (sign: 0, exponentPlace: 0, exponent: 0, mantissaPlace: 0, mantissa: 0)
            _ = typeFields(
                type, &fields.sign, &fields.exponentPlace, &fields.exponent, &fields.mantissaPlace, &fields.mantissa)
            let known = [2: (5, 10), 4: (8, 23), 8: (11, 52)][size]
            // Order 0 and 1: the bytes ascend or descend, unlike those of a VAX.
            let isNative =
                known.map { $0 == (fields.exponent, fields.mantissa) } == true && fields.mantissaPlace == 0
                && (0...1).contains(typeOrder(type))
            return (.float, isNative)
        case 3: return (.text(isVariable: isVariableText(type) > 0), true)
        case 4: return (.integer(isSigned: false), [1, 2, 4, 8].contains(size))
        case 8:
            let base = baseType(type)
            defer { _ = release(base) }
            return base < 0 ? (.other("enumerations"), false) : element(base)
        case 2: return (.other("times"), false)
        case 5: return (.other("opaque bytes"), false)
        case 6: return (.other("records of named fields"), false)
        case 7: return (.other("references"), false)
        case 9: return (.other("lists"), false)
        case 10: return (.other("arrays"), false)
        default: return (.other("an unknown type"), false)
        }
    }

    private func missingFilter(_ list: ID) -> String? {
        for index in 0..<max(0, filterCount(list)) {
            var flags: UInt32 = 0
            var count = 0
            var name = [CChar](repeating: 0, count: 64)
            let id = filter(list, UInt32(index), &flags, &count, nil, name.count - 1, &name, nil)
            guard id >= 0, isFilterAvailable(id) <= 0 else { continue }
            let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return text.isEmpty ? "number \(id)" : "\(text) (number \(id))"
        }
        return nil
    }
}
