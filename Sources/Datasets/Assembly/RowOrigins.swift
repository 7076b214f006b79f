import MPI

/// Which rows of the files a data set's positions hold.
public struct RowOrigins: Sendable {
    /// Of one part (training or validation); nil: in the order of the files.
    let permutation: Permutation?
    /// Which rows belong to the part, where there are two.
    let part: RowPart?
    /// Where the table had been split before.
    let split: SplitRows?

    /// Of rows in the order of the files.
    init(split: SplitRows?) { (permutation, part, self.split) = (nil, nil, split) }

    /// Of one part of a table in a run's own order.
    /// - Parameter counts: training and validation rows.
    init(part index: Int, counts: [Int], seed: UInt64, validationFraction: Double, split: SplitRows?) {
        permutation = Permutation(count: counts[index], seed: seed, stream: UInt64(index))
        let choice = ValidationChoice(.seeded(seed), fraction: validationFraction)
        part =
            choice.isAny ? RowPart(choice: choice, isValidation: index == 1, count: counts.reduce(0, +)) : nil
        self.split = split
    }

    /// Row numbers, from 0, in the order of the files. Collective.
    public func rows(at positions: [Int], _ communicator: any Communicator) throws -> [Int] {
        var numbers = positions.map { permutation?.number(at: $0) ?? $0 }
        if let part { numbers = part.rows(numbers) }
        guard let split else { return numbers }
        return try split.rows(numbers, communicator)
    }
}

/// The rows that a hash chooses for validation, or the others.
struct RowPart: Sendable {
    let choice: ValidationChoice
    let isValidation: Bool
    /// Of both parts.
    let count: Int

    /// The rows of these numbers within the part.
    func rows(_ numbers: [Int]) -> [Int] {
        var result = numbers
        var row = 0
        var passed = -1
        for place in numbers.indices.sorted(by: { numbers[$0] < numbers[$1] }) {
            while passed < numbers[place], row < count {
                if choice.isValidation(row) == isValidation { passed += 1 }
                row += 1
            }
            result[place] = row - 1
        }
        return result
    }
}

/// Which rows of this rank's blocks a split took.
struct SplitRows: Sendable {
    struct Block: Sendable {
        /// Of the table before.
        var firstRow: Int
        /// Rows of its part in all blocks before.
        var before: Int
        /// A bit a row, lowest first.
        var bits: [UInt64]
        var count: Int

        init(firstRow: Int, before: Int, isPart: [Bool]) {
            (self.firstRow, self.before) = (firstRow, before)
            bits = [UInt64](repeating: 0, count: (isPart.count + 63) / 64)
            for (row, isIn) in isPart.enumerated() where isIn { bits[row / 64] |= 1 << UInt64(row % 64) }
            count = bits.reduce(0) { $0 + $1.nonzeroBitCount }
        }

        /// The row of that number within the block's part.
        func row(_ number: Int) -> Int {
            var left = number
            for (word, set) in bits.enumerated() {
                var set = set
                guard left < set.nonzeroBitCount else {
                    left -= set.nonzeroBitCount
                    continue
                }
                for _ in 0..<left { set &= set - 1 }
                return firstRow + 64 * word + set.trailingZeroBitCount
            }
            return firstRow
        }
    }

    var blocks: [Block]

    /// Collective: one rank knows each.
    func rows(_ numbers: [Int], _ communicator: any Communicator) throws -> [Int] {
        let own = numbers.map { number in
            let block = blocks.first { $0.before <= number && number < $0.before + $0.count }
            return block.map { $0.row(number - $0.before) } ?? -1
        }
        return try communicator.allreduce(own, .maximum)
    }
}
