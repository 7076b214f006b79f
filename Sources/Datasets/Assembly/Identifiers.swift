import MPI

extension DistributedTable {
    /// Sends the texts of the identifier columns to the rows' owners: `identifiers`. Collective.
    func gatherIdentifiers(_ placement: RowPlacement) throws {
        let mine = blocks.map { $0.rows == 0 ? 0 : $0.ids.count / $0.rows }.max() ?? 0
        let width = try communicator.allreduce(mine, .maximum)
        guard width > 0 else { return }
        var gathered = Array(repeating: "", count: placement.orders[0].localCount * width)
        var walk = RowWalk(placement)
        // One record per text: row, place in the row, bytes.
        try RoundedExchange(communicator: communicator).run { outbox in
            walk.run(&blocks) { block, row, destination in
                let texts = block.ids.isEmpty ? [] : block.ids[row * width..<(row + 1) * width].map { Array($0.utf8) }
                let size = texts.reduce(0) { $0 + 12 + $1.count }
                guard outbox.hasRoom(for: size, to: destination.owner) else { return false }
                for (place, text) in texts.enumerated() {
                    outbox.append(UInt32(destination.row), to: destination.owner)
                    outbox.append(UInt32(place), to: destination.owner)
                    outbox.append(UInt32(text.count), to: destination.owner)
                    text.withUnsafeBytes { outbox.append($0, to: destination.owner) }
                }
                return true
            }
        } consume: { bytes in
            var place = 0
            while place < bytes.count {
                let field = { Int(bytes.loadUnaligned(fromByteOffset: place + 4 * $0, as: UInt32.self)) }
                let target = field(0) * width + field(1)
                let text = bytes[place + 12..<place + 12 + field(2)]
                place += 12 + text.count
                gathered[target] = String(decoding: text, as: UTF8.self)
            }
        }
        identifiers = gathered
        for index in blocks.indices { blocks[index].ids = [] }
    }
}
