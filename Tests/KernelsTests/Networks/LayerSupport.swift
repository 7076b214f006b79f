import Kernels

/// Values at an address that is not a multiple of 64 bytes, with `guardValue`s before and behind them that must stay.
/// The memory is never freed: pointers to it outlive whatever gave them.
struct Unaligned {
    static let guardValue: Float = 12345

    let count: Int
    let pointer: UnsafeMutablePointer<Float>
    private let memory: UnsafeMutableBufferPointer<Float>
    private let offset: Int

    init(_ values: [Float], offset: Int = 3) {
        memory = .allocate(capacity: values.count + offset + 32)
        memory.initialize(repeating: Self.guardValue)
        count = values.count
        self.offset = offset
        for (i, value) in values.enumerated() { memory[offset + i] = value }
        pointer = Self.start(memory) + offset
    }

    private static func start(_ memory: UnsafeMutableBufferPointer<Float>) -> UnsafeMutablePointer<Float> {
        guard let start = memory.baseAddress else { preconditionFailure("the memory is never empty") }
        return start
    }

    init(count: Int, offset: Int = 3) { self.init([Float](repeating: 7, count: count), offset: offset) }

    var values: [Float] { (0..<count).map { pointer[$0] } }

    /// Whether nothing before or behind the values was written.
    var isGuarded: Bool {
        memory.indices.allSatisfy { i in
            (offset..<offset + count).contains(i) || memory[i] == Self.guardValue
        }
    }
}

/// Every instruction set of this machine, as test arguments.
let instructionSets = KernelSet.available.map(\.name)

func kernels(named name: String) -> KernelSet {
    KernelSet.available.first { $0.name == name } ?? .current
}

/// Whether all values are within `tolerance` (1 + |expected|) of the expected ones.
func close(_ values: [Float], _ expected: [Double], _ tolerance: Double) -> Bool {
    values.count == expected.count
        && zip(values, expected).allSatisfy { abs(Double($0) - $1) <= tolerance * (1 + abs($1)) }
}

func close(_ values: [Double], _ expected: [Double], _ tolerance: Double) -> Bool {
    values.count == expected.count && zip(values, expected).allSatisfy { abs($0 - $1) <= tolerance * (1 + abs($1)) }
}

/// Windows with and without padding, overlapping, with gaps, not square, with remainders, and the ones of LeNet.
let windows: [WindowShape] = [
    WindowShape(height: 8, width: 8, kernel: (2, 2), stride: (2, 2)),
    WindowShape(height: 24, width: 24, kernel: (2, 2), stride: (2, 2)),
    WindowShape(height: 5, width: 19, kernel: (2, 2), stride: (2, 2)),
    WindowShape(height: 1, width: 1, kernel: (1, 1)),
    WindowShape(height: 7, width: 5, kernel: (3, 3), stride: (2, 2), padding: (1, 1)),
    WindowShape(height: 6, width: 9, kernel: (3, 2), stride: (1, 3), padding: (2, 0)),
    WindowShape(height: 12, width: 12, kernel: (5, 5)),
    WindowShape(height: 9, width: 11, kernel: (5, 5), padding: (2, 2)),
    WindowShape(height: 2, width: 3, kernel: (5, 5), padding: (4, 4)),
    WindowShape(height: 10, width: 7, kernel: (1, 2), stride: (3, 3)),
].compactMap { $0 }
