/// Changes files in the ways that their formats can go wrong, and keeps the sums and lengths right that would hide all else.
struct Mutator {
    let target: FuzzTarget
    /// Bytes that a file may have.
    let limit: Int

    func mutate(_ bytes: [UInt8], _ random: inout MutationRandom) -> [UInt8] {
        var result = bytes
        for _ in 0...random.next(3) { result = once(result, &random) }
        return result.count <= limit ? result : Array(result.prefix(limit))
    }

    private func once(_ bytes: [UInt8], _ random: inout MutationRandom) -> [UInt8] {
        let dice = random.next(10)
        switch target {
        case .libsvm, .csv, .yaml:
            return dice < 8 ? TextChange.apply(bytes, limit: limit, &random) : bytesChanged(bytes, &random)
        case .metrics, .events, .status, .result, .pilot, .json:
            if dice < 6 { return JSONChange.apply(bytes, &random) }
            return dice < 9 ? TextChange.apply(bytes, limit: limit, &random) : bytesChanged(bytes, &random)
        case .npy: return dice < 7 ? ArrayChange.npy(bytes, &random) : bytesChanged(bytes, &random)
        case .idx: return dice < 7 ? ArrayChange.idx(bytes, &random) : bytesChanged(bytes, &random)
        case .npz: return dice < 8 ? ZipChange.apply(bytes, limit: limit, &random) : bytesChanged(bytes, &random)
        case .arrow: return dice < 7 ? ArrowChange.apply(bytes, &random) : bytesChanged(bytes, &random)
        case .gzip: return dice < 8 ? GzipChange.apply(bytes, limit: limit, &random) : bytesChanged(bytes, &random)
        case .cache: return dice < 9 ? CacheChange.apply(bytes, &random) : bytesChanged(bytes, &random)
        case .model: return dice < 8 ? TensorChange.model(bytes, &random) : bytesChanged(bytes, &random)
        case .checkpoint: return checkpoint(bytes, &random)
        }
    }

    private func bytesChanged(_ bytes: [UInt8], _ random: inout MutationRandom) -> [UInt8] {
        ByteChange.apply(bytes, limit: limit, &random)
    }

    /// Either of the two files.
    private func checkpoint(_ bytes: [UInt8], _ random: inout MutationRandom) -> [UInt8] {
        let end = bytes.firstIndex(of: 0) ?? bytes.endIndex
        var document = Array(bytes[..<end])
        var arrays = Array(bytes[min(end + 1, bytes.count)...])
        switch random.next(8) {
        case 0...3: document = JSONChange.apply(document, &random)
        case 4: document = TextChange.apply(document, limit: limit, &random)
        case 5, 6: arrays = TensorChange.arrays(arrays, &random)
        default: arrays = bytesChanged(arrays, &random)
        }
        return document + [0] + arrays
    }
}
