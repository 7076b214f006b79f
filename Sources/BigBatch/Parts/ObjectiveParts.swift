import Kernels
import Models

extension Objective {
    /// Spreads the parameters over the ranks, where there are many and no matrix can be their preconditioner. Before the first
    /// gradient, and for rules that know of parts: those that users bring have whole vectors.
    func spreadWhereWorthwhile() {
        guard model.parameterCount >= Parts.fewestParameters,
            dataset.features.columns > CurvatureWork.largestDimension
        else { return }
        spread()
    }

    func spread() {
        let columns = dataset.features.columns
        guard let rowSumModel, wholeSumModel == nil, columns > 0 else { return }
        // Some values for each column, and as many behind them.
        let classes = model.penalisedCount / columns
        guard classes > 0, rowSumModel.sumCount == classes * (columns + 1) else { return }
        let communicator = reducer.communicator
        parts = Parts(model.parameterCount, unit: classes, rank: communicator.rank, ranks: communicator.size)
    }

    /// Sums of vectors in parts.
    func products(_ rendezvous: Rendezvous) -> Products {
        Products(parts: parts) { [reducer] in
            $0 = try reducer.sums($0, kind: .products, rendezvous: rendezvous)
        }
    }

    /// Makes a vector whole of which every rank has written its own part. One exchange where they are spread.
    func gather(_ whole: inout [Float]) throws {
        guard parts.areSpread else { return }
        try whole.withUnsafeMutableBufferPointer { try reducer.gather($0, counts: parts.counts) }
    }

    /// The whole of a part.
    func gathered(_ part: some Collection<Float>) throws -> [Float] {
        var whole = [Float](repeating: 0, count: model.parameterCount)
        whole.replaceSubrange(parts.own, with: part)
        try gather(&whole)
        return whole
    }

    /// The columns of a batch, known for all rows and for the last other batch.
    func touchedColumns(start: Int, count: Int) -> TouchedColumns {
        let isWhole = count == population
        if let known = isWhole ? touchedByAll : touchedByBatch, known.count == count, isWhole || known.start == start {
            return known
        }
        let rows = dataset.batch(start: start % population, count: count)
        let found = TouchedColumns(start: start, count: count, rows: rows, of: dataset.features)
        if isWhole { touchedByAll = found } else { touchedByBatch = found }
        return found
    }

    /// Adds the packet up over the ranks, each of which gets the sums of its part: numbers that all need by a reduction, then sums of
    /// columns that rows of the batch have values in go to the rank that adds them up. Of columns with few values in their shorter
    /// form.
    func scatterSums(
        _ model: any RowSumModel, of batch: TouchedColumns, into arrived: GradientPacket, rendezvous: Rendezvous
    ) throws {
        guard let sums = packet.doubles.baseAddress, let target = arrived.doubles.baseAddress else { return }
        let columns = dataset.features.columns
        let wire = scatterPacket ?? ScatterPacket(classes: model.sumCount / (columns + 1))
        scatterPacket = wire
        let (classes, residualSums) = (wire.classes, wire.residualSums)
        let packing = Stopwatch()
        batch.sort(columns: columns, classes: classes, units: units, parts: parts)
        let tail = packet.doubles.suffix(classes)
        _ = residualSums.update(fromContentsOf: tail)
        wire.packet.scalars = packet.message.scalars
        let origin = target - parts.own.lowerBound
        let columnsOfOwn = parts.own.clamped(to: 0..<columns * classes)
        SumColumns.place(
            batch.own, among: columnsOfOwn.lowerBound / classes..<columnsOfOwn.upperBound / classes, of: sums,
            classes: classes, into: origin)
        SumColumns.pack(
            batch.whole.sent, of: sums, classes: classes, into: wire.doubles.sent(classes * batch.whole.sent.count))
        if let units {
            let room = wire.units.sent(classes * batch.short.sent.count)
            let isWhole = units.pack(batch.short.sent, of: sums, classes: classes, into: room)
            // A loss that is not finite is so on all ranks.
            if !isWhole { wire.packet.scalars.loss = .nan }
        }
        computeSeconds += packing.seconds

        try reducer.reduce(wire.packet, kind: .gradient, rendezvous: rendezvous)
        packet.message.scalars = wire.packet.scalars
        _ = tail.update(fromContentsOf: residualSums)
        try batch.exchange(reducer)
        try wire.doubles.exchange(batch.whole, each: classes, reducer)
        if units != nil { try wire.units.exchange(batch.short, each: classes, reducer) }

        let adding = Stopwatch()
        SumColumns.add(wire.doubles.received, of: batch.whole.received, classes: classes, to: origin)
        units?.add(wire.units.received, of: batch.short.received, classes: classes, to: origin)
        // The intercepts come last.
        for j in parts.own.clamped(to: columns * classes..<Int.max) { origin[j] = residualSums[j - columns * classes] }
        computeSeconds += adding.seconds
    }
}
