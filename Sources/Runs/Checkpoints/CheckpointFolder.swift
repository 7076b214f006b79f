import Datasets
import Models
import Platform
import Telemetry

/// The folder `checkpoints` of a run.
package struct CheckpointFolder: Sendable {
    /// The file of the starts of the run, which lies beside the checkpoints.
    package static let attemptsName = "attempts.jsonl"

    package let path: String

    package init(path: String) {
        self.path = path
    }

    /// What a checkpoint's files are called: no two starts of a run write to the same name.
    package struct Name: Hashable, Comparable, Sendable {
        package var attempt: Int
        package var iteration: Int

        package var document: String { stem + ".json" }
        package var arrays: String { stem + ".safetensors" }
        private var stem: String { "iteration-\(iteration)-attempt-\(attempt)" }

        package init(attempt: Int, iteration: Int) {
            self.attempt = attempt
            self.iteration = iteration
        }

        /// nil for other files.
        package init?(document: String) {
            let parts = document.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count == 4, parts[3].hasSuffix(".json"), let iteration = Int(parts[1]),
                let attempt = Int(parts[3].dropLast(5))
            else { return nil }
            self.init(attempt: attempt, iteration: iteration)
            guard self.document == document else { return nil }
        }

        /// Of two, the later start's is the better one: the other start has lost the folder before it was written.
        package static func < (left: Name, right: Name) -> Bool {
            (left.attempt, left.iteration) < (right.attempt, right.iteration)
        }
    }

    /// Newest first.
    package var names: [Name] {
        ((try? Folder.entries(of: path)) ?? []).compactMap { Name(document: $0) }.sorted(by: >)
    }

    /// - Throws: `DamagedCheckpoint`.
    package func read(_ name: Name) throws -> Checkpoint {
        func bytes(_ file: String) throws -> [UInt8] {
            do {
                return try WholeFile.read(path + "/" + file)
            } catch {
                throw DamagedCheckpoint(reason: "\(error)")
            }
        }
        let document = try bytes(name.document)
        guard Checkpoint.isWhole(document) else {
            throw DamagedCheckpoint(reason: "the checksum of \(name.document) is wrong")
        }
        var checkpoint = Checkpoint(document: document, arrays: [])
        guard let mark = try checkpoint.head().arrays else {
            throw DamagedCheckpoint(reason: "\(name.document) names no arrays")
        }
        checkpoint.arrays = try bytes(name.arrays)
        guard checkpoint.arrays.count == mark.bytes, CRC32.text(of: checkpoint.arrays) == mark.crc32 else {
            throw DamagedCheckpoint(reason: "the checksum of \(name.arrays) is wrong")
        }
        return checkpoint
    }

    /// The newest that is whole, and what is wrong with those that are newer.
    package func newest() -> (found: (name: Name, checkpoint: Checkpoint)?, damaged: [(name: Name, reason: String)]) {
        var damaged: [(name: Name, reason: String)] = []
        for name in names {
            do {
                return ((name, try read(name)), damaged)
            } catch {
                damaged.append((name, "\(error)"))
            }
        }
        return (nil, damaged)
    }

    /// Writes both files. Returns the bytes written.
    /// - Parameter beforeRename: asked before each file comes into its place.
    package func write(
        _ name: Name, head: Checkpoint.Head, state: [UInt8], arrays: [String: Safetensors.Values],
        beforeRename: () throws -> Void
    ) throws -> Int {
        var file = Safetensors()
        for (name, values) in arrays { file.tensors[name] = .init(shape: [values.count], values: values) }
        file.metadata["format"] = Checkpoint.format
        let writer = try AtomicFileWriter(path: path + "/" + name.arrays)
        var sum = CRC32()
        var count = 0
        try file.encode { bytes in
            sum.add(bytes)
            count += bytes.count
            try writer.write(bytes)
        }
        try writer.commit(lasting: .contents, beforeRename: beforeRename)
        var head = head
        head.arrays = Checkpoint.FileMark(file: name.arrays, bytes: count, crc32: sum.text)
        do {
            let document = try Checkpoint.document(head, state: state)
            let last = try AtomicFileWriter(path: path + "/" + name.document)
            try last.write(document)
            try last.commit(beforeRename: beforeRename)
            return count + document.count
        } catch {
            // Without its JSON it is nothing, and on a full disk it is in the way.
            unlink(path + "/" + name.arrays)
            throw error
        }
    }

    /// Removes all but the newest, and what killed writers have left.
    /// - Parameters:
    ///   - damaged: of no use, and removed.
    ///   - keeping: how many stay: two while a run goes on, one when it has finished.
    package func prune(damaged: Set<Name> = [], keeping: Int = 2) {
        let kept = Set(names.filter { !damaged.contains($0) }.prefix(keeping))
        let files = Set(kept.flatMap { [$0.document, $0.arrays] } + [CheckpointFolder.attemptsName])
        // The JSON first: without it the arrays are nothing.
        for file in ((try? Folder.entries(of: path)) ?? []).sorted(by: {
            $0.hasSuffix(".json") && !$1.hasSuffix(".json")
        })
        where !files.contains(file) && file.hasPrefix("iteration-") {
            unlink(path + "/" + file)
        }
    }
}
