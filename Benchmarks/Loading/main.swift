import Datasets
import Kernels
import MPI
import Platform

// How fast data is loaded: `loading-benchmark FILE [FOLDER]`, one rank. Best of several runs, file in the page cache;
// the cache file goes to FOLDER (default: the temporary folder) and stays there. JSON on standard output.

func complain(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    _ = write(2, bytes, bytes.count)
}

/// The shortest of `count` runs, in seconds.
func best(of count: Int = 7, _ body: () throws -> Void) rethrows -> Double {
    var shortest = Double.infinity
    for _ in 0..<count {
        let start = monotonicSeconds()
        try body()
        shortest = min(shortest, monotonicSeconds() - start)
    }
    return shortest
}

/// Copying as many bytes as a data set has, in GB/s of bytes copied: over memory in use, and into fresh memory.
func copyRates(bytes: Int) -> (warm: Double, fresh: Double) {
    let source = AlignedBuffer<Float>([Float](repeating: 1, count: bytes / 4))
    let target = AlignedBuffer<Float>([Float](repeating: 2, count: bytes / 4))
    let warm = best { target.pointer.update(from: source.pointer, count: bytes / 4) }
    let fresh = best {
        let new = AlignedBuffer<Float>(count: bytes / 4)
        new.pointer.update(from: source.pointer, count: bytes / 4)
    }
    return (Double(bytes) / warm * 1e-9, Double(bytes) / fresh * 1e-9)
}

func run(_ path: String, _ folder: String) throws {
    let file = try DataFile(path: path)
    var results: [(String, Double)] = [("megabytes", Double(file.byteCount) * 1e-6)]
    if file.format == .libsvm, !file.isSequential {
        let parser = LIBSVMParser()
        let parsing = try best(of: 5) {
            let reader = try TextReader(path: path, range: 0..<file.byteCount)
            while let chunk = try reader.next() { _ = try parser.parse(chunk) }
        }
        results.append(("parsedMegabytesPerSecond", Double(file.byteCount) * 1e-6 / parsing))
    }
    func load(threads: Int = 1, cache: DataCache? = nil) throws -> (Dataset, notes: [String]) {
        let table = try DistributedTable.read(
            [path], threads: threads, cache: cache, communicator: SoloCommunicator())
        let data = try table.assembleTraining(labels: table.labels.isCapped ? .values : .classes)
        return (data.training, table.cacheNotes)
    }
    for threads in [1, 2] {
        let text = try best(of: 5) { _ = try load(threads: threads) }
        results.append(("textToDataSeconds\(threads == 1 ? "" : "TwoThreads")", text))
    }
    let cache = DataCache(.folder(folder))
    let (data, notes) = try load(cache: cache)
    for note in notes { complain("cache \(note)") }
    var isHit = true
    let cached = try best { isHit = try load(cache: cache).notes.allSatisfy { $0.hasPrefix("read from") } && isHit }
    guard isHit else { throw DatasetError("the cache was not read") }
    let bytes =
        switch data.features {
        case .dense(let matrix): 4 * matrix.storage.count
        case .sparse(let matrix): 8 * matrix.nonZeros + 8 * (matrix.rows + 1)
        }
    let copy = copyRates(bytes: bytes)
    results += [
        ("dataMegabytes", Double(bytes) * 1e-6), ("cacheToDataSeconds", cached),
        ("cacheGigabytesPerSecond", Double(bytes) * 1e-9 / cached), ("copyGigabytesPerSecond", copy.warm),
        ("copyToFreshMemoryGigabytesPerSecond", copy.fresh),
        ("cacheShareOfCopyRate", Double(bytes) * 1e-9 / cached / copy.warm),
    ]
    print("{" + results.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}")
}

guard CommandLine.arguments.count > 1 else {
    print("usage: loading-benchmark FILE [FOLDER]")
    exit(2)
}
do {
    try run(CommandLine.arguments[1], CommandLine.arguments.count > 2 ? CommandLine.arguments[2] : "/tmp")
} catch {
    complain("loading-benchmark: \(error)")
    exit(1)
}
