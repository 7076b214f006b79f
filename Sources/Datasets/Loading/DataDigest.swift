import Kernels
import MPI

/// What tells the rows of one data set from those of another: sums over the rows of a hash of the row's number in the files,
/// its label, its weight and its values, bit by bit. The same on any number of ranks and threads, from text and from a cache.
enum DataDigest {
    /// Collective. 32 hexadecimal digits.
    static func of(_ blocks: [RowBlock], _ communicator: any Communicator) throws -> String {
        let sums = [UInt64](unsafeUninitializedCapacity: 2 * blocks.count) { sums, count in
            count = 2 * blocks.count
            let place = SendablePointer(sums.baseAddress)
            concurrently(blocks.count) { index in
                let sum = blocks[index].hashes
                place.pointer?[2 * index] = sum.low
                place.pointer?[2 * index + 1] = sum.high
            }
        }
        // Halves of 32 bits: their sums over all rows do not overflow.
        var halves = [0, 0]
        for (index, sum) in sums.enumerated() { halves[index % 2] += Int(sum) }
        return try communicator.allreduce(halves, .sum).map { hexadecimal(UInt64($0)) }.joined()
    }

    private struct SendablePointer: @unchecked Sendable {
        let pointer: UnsafeMutablePointer<UInt64>?
        init(_ pointer: UnsafeMutablePointer<UInt64>?) { self.pointer = pointer }
    }
}

extension RowBlock {
    /// Sums of the lower and of the upper halves of the rows' hashes.
    fileprivate var hashes: (low: UInt64, high: UInt64) {
        var (low, high): (UInt64, UInt64) = (0, 0)
        columns.withUnsafeBufferPointer { columns in
            values.withUnsafeBufferPointer { values in
                for row in 0..<rows {
                    var hash = mix64(UInt64(firstRow + row)) ^ labels[row].bitPattern
                    if !weights.isEmpty { hash = mix64(hash) ^ weights[row].bitPattern }
                    // Values of one row do not wait for each other.
                    if isDense {
                        let row = values.baseAddress.map { $0 + row * columnCount }
                        for column in 0..<columnCount {
                            let value = row?[column] ?? 0
                            hash &+= value == 0 ? 0 : mixed(value, UInt64(column))
                        }
                    } else {
                        for entry in rowOffsets[row]..<rowOffsets[row + 1] {
                            hash &+= mixed(values[entry], UInt64(UInt32(bitPattern: columns[entry])))
                        }
                    }
                    hash = mix64(hash)
                    low += hash & 0xFFFF_FFFF
                    high += hash >> 32
                }
            }
        }
        return (low, high)
    }
}

@inline(__always)
private func mixed(_ value: Double, _ column: UInt64) -> UInt64 {
    let product = (value.bitPattern ^ (column &+ 1) &* 0xD6E8_FEB8_6659_FD93) &* 0x9E37_79B9_7F4A_7C15
    return product ^ product >> 32
}

/// 16 hexadecimal digits.
func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
