import Datasets
import Platform
import Synchronization

/// Where a run's folder is: somebody may rename or delete it while the run trains.
///
/// An open descriptor knows it again. A run follows a folder that was renamed; in place of one that was deleted, or that
/// cannot be followed, it makes another one beside. Either is said once.
package final class RunPlace: Sendable {
    /// As `--output` has it.
    package let given: String
    private let descriptor: Int32
    private let furnish: @Sendable (String) throws -> Void
    private let warn: @Sendable (String) -> Void
    private let state: Mutex<State>

    private struct State {
        var path: String
        /// Not the folder that the run began in.
        var isReplaced = false
        /// Why no other folder could be made.
        var failure: String?
    }

    /// - Parameters:
    ///   - path: a folder that is there.
    ///   - furnish: puts into a new folder what a run needs to go on in it.
    package init(
        path: String, furnish: @escaping @Sendable (String) throws -> Void, warn: @escaping @Sendable (String) -> Void
    ) {
        given = path
        self.furnish = furnish
        self.warn = warn
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        state = Mutex(State(path: path))
        home = absolutePath(path)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The given path from the root, for the folder beside it.
    private let home: String

    /// Where the folder is now. Looks.
    package var path: String { look().path }

    /// Whether this is no longer the folder that the run began in. Looks.
    package var isReplaced: Bool { look().isReplaced }

    /// Why there is no folder; nil: there is one.
    package var failure: String? { look().failure }

    /// What is to be said at the end of a run whose folder is no longer where it was; nil: it is.
    package var displacement: String? {
        let state = look()
        guard state.path != given else { return nil }
        let what =
            state.isReplaced ? "was deleted or moved out of sight" : "was renamed"
        return "the run's folder \(given) \(what) while the run trained: its model is in \(state.path)".printable
    }

    private func look() -> State {
        state.withLock { state in
            guard !state.isReplaced else { return state }
            if isAt(given) {
                state.path = given
            } else if state.path == given, holdsAnotherRun {
                // Moved aside by a later start, which owns the place: see `RunAttempt`.
            } else if !isAt(state.path) {
                if let moved = followed() {
                    warn(
                        "the run's folder \(state.path) was renamed to \(moved) while the run trains, which goes on there"
                            .printable)
                    state.path = moved
                } else {
                    replace(&state)
                }
            }
            return state
        }
    }

    private var holdsAnotherRun: Bool { access("\(given)/checkpoints/\(CheckpointFolder.attemptsName)", F_OK) == 0 }

    /// Whether the folder is at `path`, as far as the system tells: other errors than that it is not there may pass.
    private func isAt(_ path: String) -> Bool {
        guard descriptor >= 0 else { return true }
        var there = stat()
        guard stat(path, &there) == 0 else { return errno != ENOENT && errno != ENOTDIR }
        var own = stat()
        guard fstat(descriptor, &own) == 0 else { return errno != ESTALE }
        // Some file systems number a folder anew.
        return (there.st_dev, there.st_ino) == (own.st_dev, own.st_ino)
            || own.st_nlink > 0 && link == resolvedPath(path)
    }

    /// The folder's new path; nil: it has none, or the system does not tell.
    private func followed() -> String? { link.flatMap { isAt($0) ? $0 : nil } }

    /// What the system calls the folder.
    private var link: String? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/fd/\(descriptor)", &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }

    /// Makes a folder beside the one that is gone.
    private func replace(_ state: inout State) {
        do {
            try Folder.make(Folder.parent(of: home))
            var number = 1
            while mkdir("\(home).kept-\(number)", 0o777) != 0 {
                guard errno == EEXIST, number < 10_000 else {
                    throw RunFolderError(
                        description: "cannot create \(home).kept-\(number): \(String(cString: strerror(errno)))")
                }
                number += 1
            }
            let path = "\(home).kept-\(number)"
            do {
                try furnish(path)
            } catch {
                rmdir(path)
                throw error
            }
            warn(
                "the run's folder \(given) was deleted or moved out of sight while the run trains: its metrics so far are lost; it "
                    .printable + "goes on in \(path)".printable)
            state = State(path: path, isReplaced: true)
        } catch {
            let failure = "the run's folder \(given) was deleted while the run trains, and \(error)"
            if state.failure == nil {
                warn("\(failure). Make room there, or the model will be lost at the end.".printable)
            }
            state.failure = failure.printable
        }
    }
}
