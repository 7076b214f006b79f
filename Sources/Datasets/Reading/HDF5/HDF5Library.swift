import Platform
import Synchronization

/// The HDF5 library of the system. It is not safe for threads: everything runs under one lock.
enum HDF5Library {
    private static let loaded: Result<HDF5Calls, HDF5Calls.Missing> = {
        // As Debian and Ubuntu name it, as it names itself in versions 1.10 to 2.0, and as developers have it.
        let names =
            [103, 200, 310, 320].flatMap { ["libhdf5_serial.so.\($0)", "libhdf5.so.\($0)"] }
            + ["libhdf5_serial.so", "libhdf5.so"]
        guard let library = SharedLibrary(names) else { return .failure(HDF5Calls.Missing()) }
        return Result { () throws(HDF5Calls.Missing) in
            do { return try HDF5Calls(library) } catch { throw HDF5Calls.Missing() }
        }
    }()

    /// Whether there is one.
    static var isThere: Bool { (try? loaded.get()) != nil }

    private static let lock = Mutex(())

    /// Runs `body` alone in this process. What it opens it releases; what it throws is thrown.
    static func alone<Value>(_ file: String, _ body: (HDF5Calls) throws -> Value) throws -> Value {
        guard let calls = try? loaded.get() else {
            throw ParseError(
                file: file,
                message: "is an HDF5 file, and the HDF5 library (1.10 or later) is not on this machine: install the "
                    + "Debian package libhdf5-103-1 (elsewhere: hdf5), or load its module, on every node")
        }
        nonisolated(unsafe) var outcome: Result<Value, any Error>?
        try withoutActuallyEscaping(body) { body in
            nonisolated(unsafe) let body = body
            lock.withLock { _ in
                // Its messages become part of ours; each thread has a setting of its own.
                _ = calls.setErrorPrinting(0, nil, nil)
                outcome = Result { try body(calls) }
            }
            guard let outcome else { preconditionFailure("the lock runs its body") }
            _ = try outcome.get()
        }
        guard let value = try outcome?.get() else { preconditionFailure("the lock runs its body") }
        return value
    }
}

extension HDF5Calls {
    /// What HDF5 said last, where it happened.
    var innermostError: String {
        var text = ""
        withUnsafeMutablePointer(to: &text) { place in
            // From the innermost call outward; the description is behind three numbers of objects, a line and two names.
            _ = walkErrors(
                0, 0,
                { number, error, place in
                    guard number == 0, let error, let place,
                        let text = error.load(fromByteOffset: 48, as: UnsafePointer<CChar>?.self)
                    else { return 0 }
                    place.assumingMemoryBound(to: String.self).pointee = String(cString: text)
                    return 0
                }, place)
        }
        return text.isEmpty ? "no reason given" : text
    }

    /// A number of an object, which is negative where something failed.
    func check(_ id: ID, _ file: String, _ what: String) throws -> ID {
        guard id >= 0 else { throw failure(file, what) }
        return id
    }

    func failure(_ file: String, _ what: String) -> ParseError {
        ParseError(
            file: file, message: "HDF5 cannot read \(what): \(innermostError); if h5dump cannot either, copy it again")
    }

    /// Opens a file to read. Shared file systems often refuse locks, and readers need none.
    func open(_ file: String) throws -> ID {
        let access = makeList(fileAccess)
        defer { _ = release(access) }
        _ = setLocking?(access, false, true)
        return try check(openFile(file, 0, access), file, "the file")
    }
}
