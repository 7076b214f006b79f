import BigBatch
import FoundationEssentials
import MPI
import Models
import Platform
import Runs
import Selection

/// Models of a choice of λ that may be cut short, in a folder of the run. Rank 0 reads and writes it; what cannot be written is trained
/// again, should it come to that.
final class ChoiceStore: PenaltyFitStore {
    private let world: any Communicator
    private let place: Place?
    private let tolerance: Double
    private let warn: (String) -> Void
    private var lastSeconds = monotonicSeconds()
    private var hasWarned = false
    /// Values whose models were there.
    private(set) var used = 0

    /// On rank 0: the run's folder, wherever it is by now, what tells its data and options, and whether it is still this start's.
    struct Place {
        var folder: () -> RunFolder
        var fingerprint: RunFingerprint
        var check: () throws -> Void
    }

    /// Seconds of work that may be lost.
    private static let interval = 2.0

    init(_ world: any Communicator, _ place: Place?, tolerance: Double, warn: @escaping (String) -> Void) {
        (self.world, self.place, self.tolerance, self.warn) = (world, place, tolerance, warn)
    }

    func fits(at l2: Double) throws -> PenaltyFits? {
        let bytes = try world.broadcast(bytes: place.flatMap { stored(l2, $0) } ?? [])
        guard !bytes.isEmpty, let fits = try? Self.fits(Safetensors(bytes, file: ""), at: l2) else { return nil }
        used += 1
        return fits
    }

    func keep(_ fits: PenaltyFits, at l2: Double) throws {
        guard let place, monotonicSeconds() - lastSeconds >= Self.interval else { return }
        do {
            let folder = place.folder()
            try Folder.make(folder.choice)
            try AtomicFile.write(
                bytes(of: fits, at: l2, place.fingerprint), to: Self.path(l2, folder), lasting: .contents,
                beforeRename: place.check)
        } catch {
            // A lost folder ends the run at the next reduction.
            if !hasWarned, !(error is LostRun) {
                warn("\(error). Where this run is stopped, λ is chosen from the beginning.")
            }
            hasWarned = true
        }
        lastSeconds = monotonicSeconds()
    }

    /// The choice is made, and the model trained with it.
    static func remove(_ folder: RunFolder) {
        for name in (try? Folder.entries(of: folder.choice)) ?? [] { unlink(folder.choice + "/" + name) }
        rmdir(folder.choice)
    }

    private static func path(_ l2: Double, _ folder: RunFolder) -> String { "\(folder.choice)/l2-\(l2).safetensors" }

    // MARK: - The files

    /// Nil: there is none for this data and these options.
    private func stored(_ l2: Double, _ place: Place) -> [UInt8]? {
        guard let bytes = try? WholeFile.read(Self.path(l2, place.folder())),
            let file = try? Safetensors(bytes, file: ""), file.metadata["tolerance"] == "\(tolerance)",
            let text = file.metadata["fingerprint"],
            let fingerprint = try? JSONDecoder().decode(RunFingerprint.self, from: Data(text.utf8)),
            place.fingerprint.differences(from: fingerprint).isEmpty
        else { return nil }
        return bytes
    }

    private func bytes(of fits: PenaltyFits, at l2: Double, _ fingerprint: RunFingerprint) throws -> [UInt8] {
        var file = Safetensors()
        for (fold, parameters) in fits.parameters.enumerated() {
            file.tensors["fold\(fold)"] = .init(shape: [parameters.count], values: .floats(parameters))
        }
        file.metadata = [
            "fingerprint": String(decoding: try JSONEncoder().encode(fingerprint), as: UTF8.self),
            "tolerance": "\(tolerance)", "penalty": "\(fits.penalty)", "diverged": "\(fits.hasDiverged)", "l2": "\(l2)",
            "crc32": Self.checksum(fits.parameters),
        ]
        var bytes: [UInt8] = []
        try file.encode { bytes += $0 }
        return bytes
    }

    private static func checksum(_ parameters: [[Float]]) -> String {
        var sum = CRC32()
        for values in parameters { values.withUnsafeBytes { sum.add($0) } }
        return sum.text
    }

    /// Nil: they are damaged, or of another λ.
    private static func fits(_ file: Safetensors, at l2: Double) -> PenaltyFits? {
        let parameters = (0..<file.tensors.count).compactMap { fold -> [Float]? in
            guard case .floats(let values)? = file.tensors["fold\(fold)"]?.values else { return nil }
            return values
        }
        guard parameters.count == file.tensors.count, file.metadata["l2"] == "\(l2)",
            file.metadata["crc32"] == checksum(parameters), let penalty = Double(file.metadata["penalty"] ?? "")
        else {
            return nil
        }
        return PenaltyFits(
            parameters: parameters, penalty: penalty, hasDiverged: file.metadata["diverged"] == "true")
    }
}
