import Kernels
import MPI
import Platform

/// A cache that was found in order on every rank: its table, and its rows, mapped.
struct CacheReader {
    let description: CacheDescription
    let labels: LabelSummary
    let standardization: Standardization
    /// Of the training rows, where they are known.
    let columnSquares: [Double]?
    let columnMaxima: [Float]
    let file: MappedFile
    /// The rows' part of the file.
    let rows: UnsafeMutableRawPointer
    private let header: CacheHeader

    /// What came of looking for a cache.
    enum Outcome {
        case found(CacheReader)
        /// With what to tell the user, if anything.
        case none(String?)
    }

    /// Why a rank cannot use the cache; the highest of all ranks' counts.
    private enum Verdict: Int {
        case good, otherVersion, absent, unreadable, outOfDate, damaged
    }

    /// Collective. Every rank maps the file, reads its front and checks the checksums of its share of the rows; the cache
    /// is used when all found the same file in order.
    static func open(
        _ target: CacheTarget, options: AssemblyOptions, reading: ReadOptions, _ communicator: any Communicator
    )
        throws -> Outcome
    {
        var reader: CacheReader?
        var verdict = Verdict.good
        var text = ""
        if let file = MappedFile(path: target.path) {
            do throws(CacheHeader.Fault) {
                let header = try CacheHeader(file.bytes)
                let made = CacheReader(file, header)
                if let stale = made.staleness(target, options, reading) {
                    (verdict, text) = (.outOfDate, stale)
                } else {
                    reader = made
                }
            } catch {
                switch error {
                case .otherVersion: verdict = .otherVersion
                case .damaged(let how): (verdict, text) = (.damaged, how)
                }
            }
        } else {
            verdict = errno == ENOENT ? .absent : .unreadable
            text = String(cString: strerror(errno))
        }
        // The ranks must have the very same file: it may have been replaced in between.
        let sums = try communicator.allgather(Int(bitPattern: UInt(reader?.header.sum ?? 0)))
        if verdict == .good, sums.contains(where: { $0 != sums[0] }) { verdict = .absent }
        let agreed = try agree(verdict, text, communicator)
        guard agreed.verdict == .good, let reader else { return .none(note(agreed, target)) }
        let damage =
            reader.damage(ranks: communicator.size, rank: communicator.rank)
            ?? reader.rowFault(ranks: communicator.size, rank: communicator.rank, seed: options.seed)
        let checked = try agree(damage == nil ? .good : .damaged, damage ?? "", communicator)
        guard checked.verdict == .good else { return .none(note(checked, target)) }
        return .found(reader)
    }

    /// The worst verdict of all ranks, with the text of the first that came to it.
    private static func agree(
        _ verdict: Verdict, _ text: String, _ communicator: any Communicator
    ) throws -> (verdict: Verdict, text: String) {
        let all = try communicator.allgather(verdict.rawValue)
        guard let worst = all.max(), worst > 0, let rank = all.firstIndex(of: worst) else { return (.good, "") }
        let bytes = try communicator.broadcast(bytes: Array(text.utf8), root: rank)
        return (Verdict(rawValue: worst) ?? .damaged, String(decoding: bytes, as: UTF8.self))
    }

    private static func note(_ agreed: (verdict: Verdict, text: String), _ target: CacheTarget) -> String? {
        switch agreed.verdict {
        case .good, .absent, .otherVersion: nil
        case .unreadable: "\(target.path) cannot be read (\(agreed.text)): reading the data files"
        case .outOfDate: "\(target.path) is out of date (\(agreed.text)): reading the data files"
        case .damaged: "\(target.path) is damaged (\(agreed.text)): reading the data files"
        }
    }

    private init(_ file: MappedFile, _ header: CacheHeader) {
        self.file = file
        self.header = header
        description = header.description
        rows = file.start + header.start
        let parts = description.parts(of: header.numbers)
        labels = LabelSummary(numbers: parts[0])
        standardization = Standardization(kind: description.standardization, mean: parts[1], scale: parts[2])
        columnSquares = parts[3].isEmpty ? nil : parts[3]
        columnMaxima = parts[4].map { Float($0) }
    }

    /// Why the rows are not those of the files as they are now; nil: they are.
    private func staleness(_ target: CacheTarget, _ options: AssemblyOptions, _ reading: ReadOptions) -> String? {
        for (old, new) in zip(description.sources, target.sources) where old != new {
            return "\(new.path) has changed"
        }
        let isSame =
            description.sources.count == target.sources.count && description.reading == reading
            && description.validationFraction == options.validationFraction
            && (options.validationFraction == 0 || description.seed == options.seed)
            && description.standardization
                == options.standardization(
                    density: description.table.density, shape: description.table.sampleShape,
                    isTable: description.table.schema != nil)
        return isSame ? nil : "it is of other options"
    }

    /// Checks this rank's share of the pieces: its own section where it will use that as it is, else an equal share.
    private func damage(ranks: Int, rank: Int) -> String? {
        let layout = description.layout
        var first = 0
        var pieces: [Range<Int>]
        if layout.ranks == ranks {
            first = layout.pieces(ranks: 0..<rank).count
            pieces = layout.pieces(ranks: rank..<rank + 1)
        } else {
            let all = layout.pieces(ranks: 0..<layout.ranks)
            first = all.count * rank / ranks
            pieces = Array(all[first..<all.count * (rank + 1) / ranks])
        }
        if let low = pieces.first?.lowerBound, let high = pieces.last?.upperBound {
            file.populate(header.start + low..<header.start + high)
        }
        for (index, piece) in pieces.enumerated() {
            guard
                Checksum.of(UnsafeRawBufferPointer(start: rows + piece.lowerBound, count: piece.count))
                    == header.checksums[first + index]
            else {
                return "the bytes from \(header.start + piece.lowerBound) on have changed"
            }
        }
        return nil
    }
}
