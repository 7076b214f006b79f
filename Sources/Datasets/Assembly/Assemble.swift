import MPI

extension DistributedTable {
    /// Phase 2 for training data: learns the standardisation and the label names, and sends every row to its owner.
    /// Collective. Uses the table up: its rows are freed as they leave.
    ///
    /// - Throws: the same `DatasetError` on every rank: labels that do not suit `labels`, fewer than two rows, no
    ///   features, weights that are negative or sum to zero, values beyond the range of Float.
    public func assembleTraining(labels kind: LabelKind, options: AssemblyOptions = AssemblyOptions()) throws
        -> TrainingData
    {
        let encoding = try LabelEncoding(kind, summary: labels, names: labelNames)
        guard columns > 0 else { throw DatasetError("\(files[0].name): the rows have no features") }
        guard options.validationFraction >= 0, options.validationFraction < 1 else {
            throw DatasetError("the validation fraction is \(options.validationFraction): give one from 0 to below 1")
        }
        let placement = try place(.seeded(options.seed), validationFraction: options.validationFraction)
        try checkParts(placement, options: options)
        if kind == .values, labels.minimum == labels.maximum {
            notes.append("every label is \(LabelEncoding.name(of: labels.minimum)): there is nothing to learn")
        }
        let isDense = density >= AssemblyOptions.denseFrom
        let standardization = try learnStandardization(
            options.standardization ?? (isDense ? .zscore : .maxabs), isChosen: options.standardization == nil,
            placement)
        let parts = try send(
            placement, storage: options.storage ?? (isDense ? .dense : .sparse), columns: columns,
            standardization: standardization, encoding: encoding)
        return TrainingData(
            training: parts[0], validation: options.validationFraction > 0 ? parts[1] : nil,
            preprocessing: Preprocessing(
                schema: schema, featureCount: columns, standardization: standardization, labels: encoding, notes: notes)
        )
    }

    /// Phase 2 for a test, validation or prediction file: what was learned from the training data is applied.
    /// Collective. Uses the table up.
    ///
    /// - Parameters:
    ///   - order: `.file` puts consecutive rows of the files on consecutive ranks.
    ///   - refusesUnknownLabels: a label that training never saw is an error; otherwise it becomes NaN, like a missing one.
    public func assemble(
        using preprocessing: Preprocessing, order: RowOrder = .file, storage: StorageKind? = nil,
        refusesUnknownLabels: Bool = true
    ) throws -> Dataset {
        if refusesUnknownLabels { try refuseUnknownLabels(preprocessing.labels) }
        if columns > preprocessing.featureCount {
            if format != .libsvm {
                throw DatasetError(
                    "\(files[0].name) has \(columns) features, the model was trained with \(preprocessing.featureCount)"
                )
            }
            notes.append(
                "features \(preprocessing.featureCount + 1) to \(columns) never occurred in training and are left out")
        }
        let isDense = density >= AssemblyOptions.denseFrom
        return try send(
            try place(order, validationFraction: 0), storage: storage ?? (isDense ? .dense : .sparse),
            columns: preprocessing.featureCount, standardization: preprocessing.standardization,
            encoding: preprocessing.labels)[0]
    }

    private func place(_ order: RowOrder, validationFraction: Double) throws -> RowPlacement {
        precondition(!isAssembled, "a table is assembled once")
        return try RowPlacement(
            count: rows, blocks: blocks.map { ($0.firstRow, $0.rows) }, order: order,
            validationFraction: validationFraction, communicator: communicator)
    }

    private func checkParts(_ placement: RowPlacement, options: AssemblyOptions) throws {
        let training = placement.orders[0].count
        let validation = placement.orders[1].count
        if options.validationFraction > 0, validation == 0 {
            throw DatasetError(
                "a validation fraction of \(options.validationFraction) leaves no validation row of \(rows): raise it")
        }
        guard training >= 2 else {
            throw DatasetError("training needs at least 2 rows; there are \(training)")
        }
        if validation > 0 { notes.append("\(validation) of \(rows) rows are kept for validation") }
    }

    private func learnStandardization(
        _ kind: StandardizationKind, isChosen: Bool, _ placement: RowPlacement
    ) throws -> Standardization {
        let isTraining = { [blocks] (block: Int, row: Int) in !placement.isValidation(blocks[block].firstRow + row) }
        var moments = try ColumnMoments(
            blocks, columnCount: columns, communicator: communicator, isIncluded: isTraining)
        if kind == .zscore { try moments.addDeviations(blocks, communicator: communicator, isIncluded: isTraining) }
        // One rank's numbers for all: reductions need not agree to the last bit.
        let standardization = try decodeFromRankZero(Standardization(kind, moments: moments), communicator)
        try checkRange(kind, moments)
        let percent = Double((density * 1000).rounded()) / 10
        if isChosen {
            notes.append(
                kind == .zscore
                    ? "features are standardised (z-score): \(percent) % of the entries are non-zero"
                    : "features are scaled by their largest magnitude: only \(percent) % of the entries are non-zero")
        }
        let constant = moments.columns.count { moments.isConstant($0) }
        if constant > 0 {
            notes.append("\(constant) of \(columns) features have the same value in every row and teach nothing")
        }
        return standardization
    }

    private func checkRange(_ kind: StandardizationKind, _ moments: ColumnMoments) throws {
        for column in moments.columns {
            let largest = moments.maximumMagnitude(column)
            let name = schema?.featureNames[column] ?? String(column + 1)
            guard moments.mean[column].isFinite,
                moments.standardDeviation.isEmpty || moments.standardDeviation[column].isFinite
            else {
                throw DatasetError("feature \(name) has values up to \(largest), too large to be summed: rescale it")
            }
            // Squared norms have to fit into a Float too.
            guard kind != .none || largest < 1e18 else {
                throw DatasetError(
                    "feature \(name) has values up to \(largest): rescale it, or standardise the features")
            }
        }
    }

    private func refuseUnknownLabels(_ encoding: LabelEncoding) throws {
        guard case .classes(let names) = encoding else {
            if labels.areText {
                throw DatasetError("\(files[0].name): the labels are text, the model predicts numbers")
            }
            return
        }
        let lookup = LabelLookup(encoding, names: labelNames)
        var first = Int.max
        for block in blocks {
            for (row, label) in block.labels.enumerated() where !label.isNaN && lookup(label).isNaN {
                first = min(first, block.firstRow + row)
                break
            }
        }
        let found = try communicator.allreduce(first, .minimum)
        guard found < .max else { return }
        var failure: DatasetError?
        if let block = blocks.first(where: { $0.firstRow <= found && found < $0.firstRow + $0.rows }) {
            let label = block.labels[found - block.firstRow]
            let name = labels.areText ? labelNames[Int(label)] : LabelEncoding.name(of: label)
            let known = names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", …" : "")
            failure = DatasetError("\(place(ofRow: found)): label '\(name)' did not occur in training (\(known))")
        }
        try throwFromOne(failure)
    }

    /// One rank knows the error; all throw it.
    private func throwFromOne(_ error: DatasetError?) throws {
        let texts = try communicator.allgather(bytes: Array((error?.description ?? "").utf8))
        if let text = texts.first(where: { !$0.isEmpty }) {
            throw DatasetError(String(decoding: text, as: UTF8.self))
        }
    }

    /// Per part: 1 / mean weight. Nil without weights.
    private func weightFactors(_ placement: RowPlacement) throws -> [Double]? {
        guard hasWeights else { return nil }
        var sums = [0.0, 0.0]
        var failure: DatasetError?
        for block in blocks {
            for (row, weight) in block.weights.enumerated() {
                if !(weight >= 0 && weight.isFinite), failure == nil {
                    failure = DatasetError("\(place(ofRow: block.firstRow + row)): the weight \(weight) is not ≥ 0")
                }
                sums[placement.isValidation(block.firstRow + row) ? 1 : 0] += weight
            }
        }
        try throwFromOne(failure)
        sums = try communicator.allreduce(sums, .sum)
        let counts = placement.orders.map(\.count)
        guard zip(sums, counts).allSatisfy({ ($0 > 0 && $0.isFinite) || $1 == 0 }) else {
            throw DatasetError("the weights sum to \(sums[0]): at least one must be above 0")
        }
        return zip(sums, counts).map { $1 == 0 ? 1 : Double($1) / $0 }
    }

    private func send(
        _ placement: RowPlacement, storage: StorageKind, columns: Int, standardization: Standardization,
        encoding: LabelEncoding
    ) throws -> [Dataset] {
        let exchange = RowExchange(
            communicator: communicator, placement: placement, standardization: standardization, storage: storage,
            columns: columns, lookup: LabelLookup(encoding, names: labelNames),
            weightFactors: try weightFactors(placement))
        isAssembled = true
        return try exchange.run(&blocks)
    }
}
