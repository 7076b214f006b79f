import Kernels
import MPI
import Models

extension Objective {
    /// Learns how large the values of each column are over all ranks, once: Σ r x_j has a grid from then on. One read of the
    /// features and one reduction where the data set does not say.
    func prepareGrids() throws {
        guard model is any RowSumModel, columnExponents.isEmpty else { return }
        func exponents(_ sizes: [Float]) -> [Int32] { sizes.map { Int32(SumGrid.exponent(above: Double($0))) } }
        columnExponents =
            try dataset.columnMaxima.map(exponents)
            ?? reducer.maxima(exponents(dataset.features.largestMagnitudes()))
        guard let rowSumModel, rowSumModel.sumCount >= reducer.narrowFrom, let own = dataset.features.storedCounts()
        else { return }
        columnCounts = try reducer.sums(own).map { Int32(SumGrid.exponent(above: Double($0))) }
    }

    /// Columns with fewer values travel as whole numbers of 32 bits: their sums are then as exact as Floats.
    private static var fewValues: Int32 { 6 }

    /// The grids of a gradient over `count` rows.
    func grids(count: Int) -> SumGrids {
        var grids = scales.grids(count: count)
        guard rowSumModel != nil else {
            grids.stretches = stretchScales.grids(count: count)
            return grids
        }
        let rows = SumGrid.exponent(above: Double(count))
        let key = GridKey(residual: scales.residualExponent, rows: rows)
        if key != gridKey {
            gridKey = key
            let exponents = columnExponents.indices.map { j in
                // Columns without values have none of their exponents; their unit is a number all the same.
                max(
                    -900,
                    Int(columnExponents[j]) + key.residual
                        + min(rows, columnCounts.isEmpty ? rows : Int(columnCounts[j])))
            }
            guard !columnCounts.isEmpty else {
                columnAnchors = AlignedBuffer(exponents.map { SumGrid(exponent: $0).anchor })
                grids.columns = columnAnchors
                return grids
            }
            let isShort = columnCounts.map { $0 <= Self.fewValues }
            columnAnchors = AlignedBuffer(
                zip(exponents, isShort).map { ($1 ? SumUnits.grid(exponent: $0) : SumGrid(exponent: $0)).anchor })
            units = SumUnits(exponents: zip(exponents, isShort).map { $1 ? $0 : nil })
        }
        grids.columns = columnAnchors
        return grids
    }

    /// Takes in the reduced packet.
    /// - Parameter batchSize: rows of the batch that the `count` rows belong to, themselves included.
    /// - Returns: false where it is to be added up again, on other grids.
    func accept(grids: SumGrids, count: Int, batchSize: Int, attempt: Int) -> Bool {
        let sums = packet.message.scalars
        var isGood = scales.accept(
            loss: sums.loss, squaredNorms: measuresNorms(batchSize: batchSize) ? sums.squaredNorms : nil,
            code: sums.largestResidual, count: count,
            attempt: attempt, bound: dataset.weights == nil ? rowSumModel?.residualBound : nil)
        isGood = stretchScales.accept(Array(packet.sizes), count: count, attempt: attempt) && isGood
        guard isGood else { return false }
        if let arrived, let rowSumModel {
            let residualSums = Array(packet.doubles[rowSumModel.penalisedCount...])
            rowSumModel.complete(arrived.doubles, over: parts.own, residualSums: residualSums, of: dataset)
        } else {
            rowSumModel?.complete(packet.doubles, of: dataset)
        }
        if let wholeSumModel { packet.complete(stretches: wholeSumModel.stretches, grids: grids.stretches) }
        return true
    }

    /// Adds the packet up over the ranks; of many columns those with few values in their shorter form.
    /// - Parameter touched: by the rows of the batch, where the parameters are spread.
    func reduceSums(of touched: TouchedColumns?, rendezvous: Rendezvous) throws {
        if let arrived, let touched, let rowSumModel {
            return try scatterSums(rowSumModel, of: touched, into: arrived, rendezvous: rendezvous)
        }
        guard let units, let model = rowSumModel, reducer.communicator.size > 1 else {
            return try reducer.reduce(packet.message, units: packet.units, kind: .gradient, rendezvous: rendezvous)
        }
        let classes = model.sumCount / (units.perUnit.count + 1)
        let short = units.shortColumns * classes
        let wire = shortPacket ?? ShortPacket(others: model.sumCount - short, units: short)
        shortPacket = wire
        guard let sums = packet.doubles.baseAddress, let first = wire.packet.values.baseAddress else { return }
        let others = first + BatchScalars.count
        wire.packet.scalars = packet.message.scalars
        let isWhole = units.shorten(sums, classes: classes, into: wire.units.pointer, others: others)
        let tail = units.perUnit.count * classes
        (others + tail - short).update(from: sums + tail, count: classes)
        // A loss that is not finite is so on all ranks.
        if !isWhole { wire.packet.scalars.loss = .nan }
        try reducer.reduce(wire.packet, units: wire.units, kind: .gradient, rendezvous: rendezvous)
        packet.message.scalars = wire.packet.scalars
        units.lengthen(wire.units.pointer, others: others, classes: classes, into: sums)
        (sums + tail).update(from: others + tail - short, count: classes)
    }
}
