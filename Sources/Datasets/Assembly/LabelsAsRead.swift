import MPI

extension DistributedTable {
    /// Sends the labels as the files have them to the rows' owners: `labelsAsRead`. Collective.
    func gatherLabels(_ placement: RowPlacement) throws {
        var gathered = [Double](repeating: .nan, count: placement.orders[0].localCount)
        var walk = RowWalk(placement)
        try RoundedExchange(communicator: communicator).run { outbox in
            walk.run(&blocks) { block, row, destination in
                guard outbox.hasRoom(for: 12, to: destination.owner) else { return false }
                outbox.append(UInt32(destination.row), to: destination.owner)
                withUnsafeBytes(of: block.labels[row]) { outbox.append($0, to: destination.owner) }
                return true
            }
        } consume: { bytes in
            for place in stride(from: 0, to: bytes.count, by: 12) {
                let row = Int(bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
                gathered[row] = bytes.loadUnaligned(fromByteOffset: place + 4, as: Double.self)
            }
        }
        labelsAsRead = gathered
    }

    /// A label of `labelsAsRead` as text; it is not NaN.
    package func name(ofLabel label: Double) -> String {
        labels.areText ? labelNames[Int(label)] : LabelEncoding.name(of: label)
    }

    /// The label of `labelsAsRead` as a number; NaN where it is none.
    package func number(ofLabel label: Double) -> Double {
        labels.areText && !label.isNaN ? Double(labelNames[Int(label)]) ?? .nan : label
    }
}
