/// What an HDF5 file holds: its datasets and groups, by their paths.
struct HDF5Contents {
    struct Group {
        /// What AnnData says it is: csr_matrix, categorical, ….
        var encoding: String
        /// Of a sparse matrix.
        var shape: [Int]
    }

    enum Object {
        case dataset(HDF5Dataset)
        case group(Group)
    }

    private(set) var objects: [(path: String, object: Object)] = []
    /// Objects that this version of the library does not open.
    private(set) var unreadable: [String] = []
    /// More objects than these are not looked at.
    private static let limit = 10_000

    static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

    /// A file starts with its signature, but for a block of its user's, of 512 bytes, 1024, ….
    static func isHDF5(_ file: InputFile) throws -> Bool {
        for place in [0, 512, 1024, 2048] {
            var head = [UInt8](repeating: 0, count: 8)
            let got = try head.withUnsafeMutableBytes { try file.read(into: $0, at: place) }
            if got == 8, head == signature { return true }
        }
        return false
    }

    /// All objects; links that lead nowhere are passed over.
    init(_ file: String) throws {
        (objects, unreadable) = try HDF5Library.alone(file) { calls in
            let opened = try calls.open(file)
            defer { _ = calls.release(opened) }
            var paths: [String] = []
            try withUnsafeMutablePointer(to: &paths) { place in
                // By name, so that every rank sees the same.
                let status = calls.visit(
                    opened, 0, 0,
                    { _, name, _, place in
                        guard let name, let place else { return 0 }
                        place.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name))
                        return place.assumingMemoryBound(to: [String].self).pointee.count >= HDF5Contents.limit ? 1 : 0
                    }, place)
                guard status >= 0 else { throw calls.failure(file, "the list of its objects") }
            }
            var found: [(path: String, object: Object)] = []
            var lost: [String] = []
            for path in paths {
                if let object = try calls.object(opened, file, path) {
                    found.append(("/" + path, object))
                    continue
                }
                // It is there, and of a kind that is passed over, or this library cannot open it.
                let id = calls.openObject(opened, path, 0)
                if id < 0 { lost.append("/" + path) } else { _ = calls.release(id) }
            }
            return (found, lost)
        }
    }

    /// The object at a path; nil: there is none.
    static func object(_ file: String, _ path: String) throws -> Object? {
        try HDF5Library.alone(file) { calls in
            let opened = try calls.open(file)
            defer { _ = calls.release(opened) }
            return try calls.object(opened, file, path)
        }
    }
}

extension HDF5Calls {
    fileprivate func object(_ file: ID, _ name: String, _ path: String) throws -> HDF5Contents.Object? {
        let id = openObject(file, path, 0)
        guard id >= 0 else { return nil }
        defer { _ = release(id) }
        switch kind(id) {
        case 5: return .dataset(try describe(id, name, path))
        case 2:
            let encoding = text(id, "encoding-type") ?? text(id, "h5sparse_format").map { $0 + "_matrix" }
            return .group(
                HDF5Contents.Group(
                    encoding: encoding ?? "", shape: integers(id, "shape") ?? integers(id, "h5sparse_shape") ?? []))
        default: return nil
        }
    }

    private func attribute<Value>(_ object: ID, _ name: String, _ body: (_ id: ID, _ type: ID) -> Value?) -> Value? {
        guard hasAttribute(object, name) > 0 else { return nil }
        let id = openAttribute(object, name, 0)
        guard id >= 0 else { return nil }
        defer { _ = release(id) }
        let type = attributeType(id)
        defer { _ = release(type) }
        return body(id, type)
    }

    private func text(_ object: ID, _ name: String) -> String? {
        attribute(object, name) { id, type in
            guard typeClass(type) == 3, count(id) == 1 else { return nil }
            if isVariableText(type) > 0 {
                var place: UnsafeMutablePointer<CChar>?
                let space = attributeSpace(id)
                defer { _ = release(space) }
                guard readAttribute(id, type, &place) >= 0, let text = place else { return nil }
                defer { _ = reclaim(type, space, 0, &place) }
                return String(cString: text)
            }
            guard typeSize(type) <= 256 else { return nil }
            var bytes = [UInt8](repeating: 0, count: 256)
            guard readAttribute(id, type, &bytes) >= 0 else { return nil }
            return String(decoding: bytes.prefix { $0 != 0 && $0 != 0x20 }, as: UTF8.self)
        }
    }

    private func integers(_ object: ID, _ name: String) -> [Int]? {
        attribute(object, name) { id, type in
            guard typeClass(type) == 0, let count = count(id), (1...8).contains(count) else { return nil }
            var values = [Int](repeating: 0, count: count)
            return readAttribute(id, nativeInteger, &values) >= 0 ? values : nil
        }
    }

    private func count(_ attribute: ID) -> Int? {
        let space = attributeSpace(attribute)
        defer { _ = release(space) }
        return (try? extents(of: space, "", "")).flatMap { CheckedCount.product($0) }
    }
}
