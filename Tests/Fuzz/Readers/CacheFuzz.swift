import MPI

@testable import Datasets

/// A cache file, taken for one of these data files and options whatever it says of itself.
struct CacheFuzz {
    private let folder: FuzzFolder

    init(_ folder: FuzzFolder) { self.folder = folder }

    /// The data that caches are made of here.
    static let text = "1 1:0.5 3:2\n0 2:1 3:-1\n1 1:1\n0 2:3 4:1\n1 1:2 2:-1\n0 4:2\n1 3:0.25\n"

    func read(_ bytes: [UInt8]) {
        let path = folder.write("rows.cache", bytes)
        let data = folder.write("data.svm", Array(Self.text.utf8))
        guard let file = MappedFile(path: path), let header = try? CacheHeader(file.bytes) else { return }
        let description = header.description
        var options = AssemblyOptions()
        options.seed = description.seed
        options.validationFraction = description.validationFraction
        options.standardization = description.standardization
        options.storage = description.layout.storage
        use(path, data, options, description)
        // Another order: every row goes to its owner.
        if options.validationFraction == 0 {
            options.seed &+= 1
            use(path, data, options, description)
        }
    }

    private func use(_ path: String, _ data: String, _ options: AssemblyOptions, _ description: CacheDescription) {
        let cache = DataCache(.folder(folder.path), options: options)
        let world = SoloCommunicator()
        guard let set = try? FileSet([data], options: ReadOptions(), communicator: world),
            var target = CacheTarget(cache, set: set, options: description.reading),
            let budget = try? MemoryBudget(limit: DataFuzz.memoryLimit, communicator: world)
        else { return }
        target.path = path
        target.sources = description.sources
        let found = try? DistributedTable.fromCache(
            cache, target, set, options: description.reading, budget: budget, threads: 1)
        guard let table = found?.table else { return }
        let kind = table.labels.areText ? LabelKind.classes : .values
        guard let rows = try? table.assembleTraining(labels: kind, options: options) else { return }
        touch(rows.training)
        if let validation = rows.validation { touch(validation) }
    }
}
