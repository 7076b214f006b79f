import BigBatch

/// Iterations one after another, `seconds` apart.
package func records(_ count: Int, every seconds: Double, from first: Int = 1) -> [IterationRecord] {
    (first..<first + count).map { number in
        var record = IterationRecord()
        record.iteration = number
        record.seconds = Double(number) * seconds
        record.batchSize = 256
        record.trials = 2
        record.loss = 1 / Double(number)
        record.signalToNoise = 1.5
        return record
    }
}
