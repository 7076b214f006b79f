import BigBatch
import Platform

extension MetricsLine {
    /// A line of `metrics.jsonl`. What it does not hold is NaN or 0; null is NaN, or infinite where only infinity is
    /// written so. nil: no JSON object, no iteration in it, or a number that no run comes to.
    package init?(bytes: UnsafeBufferPointer<UInt8>) {
        var record = IterationRecord()
        record.loss = .nan
        record.gradientNorm = .nan
        record.signalToNoise = .nan
        record.stepSize = .nan
        var first: Int?
        var isNumbered = false
        do {
            var reader = JSONReader(bytes)
            var expected = 0
            try reader.forEachMember { key, reader in
                let place = Self.place(of: key, expected: expected)
                expected = (place ?? expected) + 1
                let value = try reader.numberOrNil()
                guard let place else { return }
                switch Self.fields[place].field {
                case .firstIteration: first = value.flatMap { Int(exactly: $0) }
                case .iteration:
                    guard let number = value.flatMap({ Int(exactly: $0) }) else { return }
                    record.iteration = number
                    isNumbered = true
                case .seconds: record.seconds = value ?? .nan
                case .gradientPasses: record.gradientPasses = value ?? .nan
                case .featurePasses: record.featurePasses = value ?? .nan
                case .batchSize: record.batchSize = Self.whole(value)
                case .loss: record.loss = value ?? .nan
                case .gradientNorm: record.gradientNorm = value ?? .nan
                case .signalToNoise: record.signalToNoise = value ?? .infinity
                case .stepSize: record.stepSize = value ?? .nan
                case .trials: record.trials = Self.whole(value)
                case .allreduces: record.allreduces = Self.whole(value)
                case .communicatedBytes: record.communicatedBytes = Self.whole(value)
                case .computeSeconds: record.computeSeconds = value ?? .nan
                case .communicationSeconds: record.communicationSeconds = value ?? .nan
                case .transferSeconds: record.transferSeconds = value ?? .nan
                case .nonFinite: record.nonFinite = Self.whole(value)
                case .validationLoss: record.validationLoss = value ?? .nan
                }
            }
            try reader.end()
        } catch {
            return nil
        }
        guard isNumbered, record.holdsSoundNumbers, (0...record.iteration).contains(first ?? record.iteration) else {
            return nil
        }
        self.init(record, start: .nan)
        firstIteration = first ?? record.iteration
    }

    private enum Field: String, CaseIterable {
        case firstIteration, iteration, seconds, gradientPasses, featurePasses, batchSize, loss, gradientNorm
        case signalToNoise, stepSize, trials, allreduces, communicatedBytes, computeSeconds
        case communicationSeconds, transferSeconds, nonFinite, validationLoss
    }

    /// In the order in which they are written.
    private static let fields = Field.allCases.map { (name: Array($0.rawValue.utf8), field: $0) }

    /// Looks where the key should be first: lines keep their order.
    private static func place(of key: UnsafeBufferPointer<UInt8>, expected: Int) -> Int? {
        for step in fields.indices {
            let place = (expected + step) % fields.count
            if fields[place].name.elementsEqual(key) { return place }
        }
        return nil
    }

    private static func whole(_ value: Double?) -> Int { value.flatMap { Int(exactly: $0.rounded()) } ?? 0 }
}

extension IterationRecord {
    /// Counts and times that the files of a run can hold.
    public var holdsSoundNumbers: Bool {
        let counts = [iteration, batchSize, trials, costs.allreduces, costs.communicatedBytes, costs.nonFinite]
        let times = [costs.seconds, costs.computeSeconds, costs.communicationSeconds, costs.transferSeconds]
        return counts.allSatisfy(RunNumbers.isCount) && times.allSatisfy(RunNumbers.isTime)
    }
}
