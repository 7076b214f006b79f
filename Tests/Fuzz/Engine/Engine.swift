import Glibc

// libFuzzer brings the `main`; it calls these functions.

/// What is read, and where: settled before the first input.
private enum Engine {
    static let target: FuzzTarget = {
        guard let target = FuzzTarget(rawValue: variable("CRESCENDO_FUZZ_READER") ?? "") else {
            print("CRESCENDO_FUZZ_READER names one of " + FuzzTarget.allCases.map(\.rawValue).joined(separator: ", "))
            exit(64)
        }
        return target
    }()
    nonisolated(unsafe) static let folder = FuzzFolder()
}

@_cdecl("LLVMFuzzerInitialize")
public func initialize(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>
) -> CInt {
    _ = Engine.target
    atexit { Engine.folder.remove() }
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    Engine.target.read(Array(UnsafeBufferPointer(start: data, count: size)), in: Engine.folder)
    return 0
}

/// libFuzzer's own changes of bytes.
@_silgen_name("LLVMFuzzerMutate")
private func libFuzzerMutate(_ data: UnsafeMutablePointer<UInt8>?, _ size: Int, _ limit: Int) -> Int

@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(_ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ limit: Int, _ seed: CUnsignedInt) -> Int {
    var random = MutationRandom(state: UInt64(seed))
    let bytes = Array(UnsafeBufferPointer(start: data, count: size))
    // A fifth are changes of bytes anywhere: the structure may have places that nobody thought of.
    if random.next(5) == 0 { return libFuzzerMutate(data, size, limit) }
    let changed = Mutator(target: Engine.target, limit: limit).mutate(bytes, &random)
    let count = min(changed.count, limit)
    changed.withUnsafeBufferPointer { data.update(from: $0.baseAddress ?? UnsafePointer(data), count: count) }
    return count
}
