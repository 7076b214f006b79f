import MPI

extension DistributedTable {
    /// Phase 2 for training data: learns the standardisation and the label names, and sends every row to its owner.
    /// Collective. Uses the table up: its rows are freed as they leave.
    ///
    /// - Throws: the same `DatasetError` on every rank: labels that do not suit `labels`, fewer than two rows, no
    ///   features, weights that are negative or too large to be summed, values beyond the range of Float.
    public func assembleTraining(labels kind: LabelKind, options: AssemblyOptions = AssemblyOptions()) throws
        -> TrainingData
    {
        var encoding = try LabelEncoding(kind, summary: labels, names: labelNames, positive: options.positive)
        guard columns > 0 else { throw DatasetError("\(files[0].name): the rows have no features") }
        guard options.validationFraction >= 0, options.validationFraction < 1 else {
            throw DatasetError("the validation fraction is \(options.validationFraction): give one from 0 to below 1")
        }
        if let augmentation = options.augmentation {
            try augmentation.check(sampleShape)
            guard options.wantedStorage == .dense else {
                throw DatasetError("augmentation is for networks, which need dense rows")
            }
        }
        if let cached { return try assemble(cached, encoding, options) }
        let readingNotes = notes
        let placement = try place(.seeded(options.seed), validationFraction: options.validationFraction)
        try checkParts(placement.orders.map(\.count), options: options)
        noteEqualLabels(kind)
        if kind == .values { encoding = .values(try learnLabelScale(options.labelScaling, placement)) }
        let scalingNotes = notes.count
        let (standardization, moments) = try learnStandardization(
            options.standardization(density: density, shape: sampleShape, isTable: schema != nil),
            isChosen: options.standardization == nil,
            placement)
        let note = Array(notes[scalingNotes...])
        let storage = try storage(options.wantedStorage, columns: columns)
        var parts = try send(
            placement, storage: storage, columns: columns, standardization: standardization, encoding: encoding)
        parts[0].columnSquares = moments.squares(after: standardization.kind)
        parts[0].columnMaxima = RowScaler(standardization, storage: storage, columns: columns).maxima(of: moments)
        if let cacheTarget {
            precondition(cacheTarget.options == options, "the cache was asked for with other options")
            try store(
                parts, standardization, encoding, options, notes: (readingNotes, note), in: cacheTarget.target)
        }
        return trainingData(parts, standardization, encoding, options)
    }

    func trainingData(
        _ parts: [Dataset], _ standardization: Standardization, _ encoding: LabelEncoding, _ options: AssemblyOptions
    ) -> TrainingData {
        var parts = parts
        let counts = parts.map(\.order.count)
        for part in parts.indices {
            parts[part].sampleShape = sampleShape
            parts[part].seed = options.seed
            parts[part].origins = RowOrigins(
                part: part, counts: counts, seed: options.seed, validationFraction: options.validationFraction,
                split: splitRows)
        }
        parts[0].augmentation = options.augmentation
        parts[0].augmentation?.seed = options.seed
        return TrainingData(
            training: parts[0], validation: (parts[1].order.count > 0) ? parts[1] : nil,
            preprocessing: Preprocessing(
                schema: schema, featureCount: columns, sampleShape: sampleShape, standardization: standardization,
                labels: encoding, notes: notes), digest: digest)
    }

    func noteEqualLabels(_ kind: LabelKind) {
        guard kind == .values, labels.minimum == labels.maximum else { return }
        notes.append("every label is \(LabelEncoding.name(of: labels.minimum)): there is nothing to learn")
    }

    /// Phase 2 for a test, validation or prediction file: what was learned from the training data is applied.
    /// Collective. Uses the table up.
    ///
    /// - Parameters:
    ///   - order: `.file` puts consecutive rows of the files on consecutive ranks.
    ///   - refusesUnknownLabels: a label that training never saw is an error; otherwise it becomes NaN, like a missing one.
    ///   - keepsLabels: fills `labelsAsRead`.
    public func assemble(
        using preprocessing: Preprocessing, order: RowOrder = .file, storage: StorageKind? = nil,
        refusesUnknownLabels: Bool = true, keepsLabels: Bool = false
    ) throws -> Dataset {
        if refusesUnknownLabels { try refuseUnknownLabels(preprocessing.labels) }
        try checkWidth(preprocessing)
        let placement = try place(order, validationFraction: 0)
        try gatherIdentifiers(placement)
        if keepsLabels { try gatherLabels(placement) }
        var rows = try send(
            placement, storage: try self.storage(storage, columns: preprocessing.featureCount),
            columns: preprocessing.featureCount,
            standardization: preprocessing.standardization, encoding: preprocessing.labels)[0]
        rows.sampleShape = preprocessing.sampleShape
        if order == .file { rows.origins = RowOrigins(split: splitRows) }
        return rows
    }

    /// LIBSVM files may have features that training never saw; tables and arrays must have the training width, and
    /// images the shape.
    private func checkWidth(_ preprocessing: Preprocessing) throws {
        let featureCount = preprocessing.featureCount
        if let shape = sampleShape, let trained = preprocessing.sampleShape, shape != trained, !format.hasOpenRows {
            throw DatasetError(
                "\(files[0].name) has images of \(shape), but the model was trained on \(trained): give images of that "
                    + "shape, or `inputShape` \(trained) where the order of the extents was mistaken")
        }
        guard columns != featureCount else { return }
        guard format.hasOpenRows else {
            throw DatasetError(
                "\(files[0].name) has \(columns) features, but the model was trained with \(featureCount): "
                    + "give a file with the same columns")
        }
        guard columns > featureCount else { return }
        let dropped = try communicator.allreduce(
            blocks.reduce(0) { $0 + $1.columns.count { Int($0) >= featureCount } }, .sum)
        notes.append(
            "\(dropped) values of features beyond \(featureCount), the largest in training, are left out")
    }

    private func place(_ order: RowOrder, validationFraction: Double) throws -> RowPlacement {
        precondition(!isAssembled, "a table is assembled once")
        return try RowPlacement(
            count: rows, blocks: blocks.map { ($0.firstRow, $0.rows) }, order: order,
            validationFraction: validationFraction, communicator: communicator)
    }

    /// - Parameter counts: training and validation rows.
    func checkParts(_ counts: [Int], options: AssemblyOptions) throws {
        let (training, validation) = (counts[0], counts[1])
        if options.validationFraction > 0, validation == 0, !options.validationIsOptional {
            throw DatasetError(
                "a validation fraction of \(options.validationFraction) leaves no validation row of \(rows): raise it")
        }
        guard training >= 2 else {
            throw DatasetError(
                "training needs at least 2 rows; there are \(training)"
                    + (validation > 0 ? " beside \(validation) for validation: lower the validation fraction" : ""))
        }
        if validation > 0 { notes.append("\(validation) of \(rows) rows are kept for validation") }
    }

    private func learnStandardization(
        _ kind: StandardizationKind, isChosen: Bool, _ placement: RowPlacement
    ) throws -> (Standardization, ColumnMoments) {
        var moments = try ColumnMoments(
            blocks, columnCount: columns, placement: placement, threads: threads, communicator: communicator)
        if kind.isCentred { try moments.addDeviations(blocks, placement: placement) }
        try checkRange(kind, moments)
        let standardization = try Standardization(kind, moments: moments, holdsBytes: holdsBytes)
            .fromRankZero(communicator)
        if isChosen {
            let share = "\(percentText(density)) of the entries are non-zero"
            switch kind {
            case .mixed, .zscore:
                let indicators = moments.columns.count { moments.isIndicator($0) }
                notes.append(
                    "features are standardised (z-score)"
                        + (indicators > 0 ? ", but for \(indicators) of zeros and ones" : "") + ": \(share)")
            case .unit:
                notes.append(
                    "pixels are divided by \(LabelEncoding.name(of: standardization.scale.first ?? 1)), to [0, 1]")
            case .maxabs, .none: notes.append("features are scaled by their largest magnitude: only \(share)")
            }
        }
        let constant = moments.columns.count { moments.isConstant($0) }
        if constant > 0 {
            notes.append("\(constant) of \(columns) features have the same value in every row and teach nothing")
        }
        return (standardization, moments)
    }

    private func checkRange(_ kind: StandardizationKind, _ moments: ColumnMoments) throws {
        for column in moments.columns {
            let largest = moments.maximumMagnitude(column)
            // All names are made for one: only where it is told.
            lazy var name = schema?.featureNames[column] ?? String(column + 1)
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
        let known = names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", …" : "")
        try refuseRows { block, row in
            let label = block.labels[row]
            guard !label.isNaN, lookup(label).isNaN else { return nil }
            let name = labels.areText ? labelNames[Int(label)] : LabelEncoding.name(of: label)
            return "label '\(name)' did not occur in training (\(known))"
        }
    }

    /// Throws on all ranks when `fault` finds something wrong with a row anywhere: the first such row is told.
    private func refuseRows(_ fault: (RowBlock, Int) -> String?) throws {
        var first: (row: Int, text: String)?
        for block in blocks where first == nil || block.firstRow < first?.row ?? .max {
            for row in 0..<block.rows {
                guard let text = fault(block, row) else { continue }
                first = (block.firstRow + row, text)
                break
            }
        }
        let row = try communicator.allreduce(first?.row ?? .max, .minimum)
        guard row < .max else { return }
        let mine = first.flatMap { $0.row == row ? Array($0.text.utf8) : nil } ?? []
        let texts = try communicator.allgather(bytes: mine)
        let text = texts.first { !$0.isEmpty } ?? []
        throw DatasetError("\(place(ofRow: row)): \(String(decoding: text, as: UTF8.self))")
    }

    /// Per part: 1 / mean weight, for scoring the power of two next to it, which leaves weights as exact as they are. Nil without
    /// weights.
    private func weightFactors(_ placement: RowPlacement) throws -> [Double]? {
        guard hasWeights else { return nil }
        try refuseRows { block, row in
            guard !block.weights.isEmpty, !(block.weights[row] >= 0 && block.weights[row].isFinite) else { return nil }
            return "the weight \(block.weights[row]) is not a number ≥ 0"
        }
        let partSums = ColumnSums(RowPlacement.parts)
        for block in blocks {
            for row in 0..<block.rows {
                let weight = block.weights.isEmpty ? 1 : block.weights[row]
                partSums.add(weight, placement.isValidation(block.firstRow + row) ? 1 : 0)
            }
        }
        let sums = try partSums.reduced(communicator)
        let counts = placement.orders.map(\.count)
        guard zip(sums, counts).allSatisfy({ ($0 > 0 && $0.isFinite) || $1 == 0 }) else {
            let part = sums[0] > 0 && sums[0].isFinite ? 1 : 0
            let rows =
                options.isTraining
                ? ["the training rows", "the validation rows"][part] : "the rows of \(files[0].name)"
            throw DatasetError("the weights of \(rows) sum to \(sums[part]): at least one must be above 0")
        }
        return zip(sums, counts).map { sum, count in
            guard count > 0 else { return 1 }
            let factor = Double(count) / sum
            return placement.isInFileOrder ? Double(sign: .plus, exponent: factor.exponent, significand: 1) : factor
        }
    }

    /// Dense or sparse, as asked for or by density and memory. Collective; throws when the rows do not fit.
    func storage(_ chosen: StorageKind?, columns: Int) throws -> StorageKind {
        let storage = try budget.estimate(
            rows: rows, columns: columns, nonZeros: nonZeros, hasWeights: hasWeights, storage: chosen, isParsed: true
        ).storage
        if chosen == nil, storage == .sparse, density >= AssemblyOptions.denseFrom {
            notes.append("rows are kept sparse, slower but the same: dense ones do not fit into memory")
        }
        return storage
    }

    private func send(
        _ placement: RowPlacement, storage: StorageKind, columns: Int, standardization: Standardization,
        encoding: LabelEncoding
    ) throws -> [Dataset] {
        let exchange = RowExchange(
            communicator: communicator, placement: placement,
            scaler: RowScaler(standardization, storage: storage, columns: columns),
            lookup: LabelLookup(encoding, names: labelNames), weightFactors: try weightFactors(placement),
            threads: threads)
        isAssembled = true
        let parts = try exchange.run(&blocks)
        blocks = []
        return parts
    }
}

/// "22 %", "1.7 %", "0.017 %": two digits.
private func percentText(_ share: Double) -> String {
    let percent = 100 * share
    if percent >= 10 || percent <= 0 { return "\(Int(percent.rounded())) %" }
    var factor = 10.0
    while percent * factor < 10 { factor *= 10 }
    return "\((percent * factor).rounded() / factor) %"
}
