/// A reader of files, to be fed with whatever a file may hold.
///
/// It may find every fault it likes with the bytes; it must come back, soon, and with little memory taken.
enum FuzzTarget: String, CaseIterable, Sendable {
    case libsvm, csv, npy, npz, idx, gzip, arrow
    case cache, model, checkpoint
    case metrics, events, status, result
    case pilot, yaml, json

    /// Reads `bytes` as the program reads a file of that kind, and uses what it has read.
    func read(_ bytes: [UInt8], in folder: FuzzFolder) {
        switch self {
        case .libsvm, .csv, .npy, .npz, .idx, .gzip, .arrow: DataFuzz(folder, self).read(bytes)
        case .cache: CacheFuzz(folder).read(bytes)
        case .model: ModelFuzz(folder).read(bytes)
        case .checkpoint: CheckpointFuzz.read(bytes)
        case .metrics, .events, .status, .result: RunFuzz(folder, self).read(bytes)
        case .pilot: PilotFuzz.read(bytes)
        case .yaml: ConfigurationFuzz(folder).read(bytes)
        case .json: JSONFuzz.read(bytes)
        }
    }
}

/// Choices that follow from the bytes alone, so that an input does the same wherever it is read again.
struct ContentChoice {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    init(_ bytes: [UInt8]) {
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }

    /// 0 ..< count.
    mutating func next(_ count: Int) -> Int {
        state = (state ^ state >> 29) &* 0xBF58_476D_1CE4_E5B9
        return Int(state >> 33) % count
    }
}
