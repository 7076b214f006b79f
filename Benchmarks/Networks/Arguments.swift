import Platform

struct Arguments {
    var network = ""
    var batches: [Int] = []
    var threads = 1
    var seconds = 1.0
    /// Folder with MNIST's files.
    var train: String?
    var json: String?
    var epochs = 10.0
    var seed: UInt64 = 1

    init(_ words: [String]) {
        var words = words.dropFirst()
        while let option = words.popFirst() {
            switch (option, words.popFirst()) {
            case ("--network", let value?): network = value
            case ("--batches", let value?): batches = value.split(separator: ",").compactMap { Int($0) }
            case ("--threads", let value?): threads = max(1, Int(value) ?? 1)
            case ("--seconds", let value?): seconds = Double(value) ?? 1
            case ("--train", let value?): train = value
            case ("--json", let value?): json = value
            case ("--epochs", let value?): epochs = Double(value) ?? epochs
            case ("--seed", let value?): seed = UInt64(value) ?? 1
            default: complain("network-benchmark: cannot use \(option)")
            }
        }
    }
}

func complain(_ text: String) -> Never {
    let line = text + "\n"
    _ = write(2, line, line.utf8.count)
    exit(2)
}

enum Clock {
    /// Processor seconds of the process.
    case processor
    /// Seconds on the wall.
    case wall

    func now() -> Double {
        Platform.seconds(self == .processor ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC)
    }

    func time(_ body: () -> Void) -> Double {
        let start = now()
        body()
        return now() - start
    }
}

func median(_ values: [Double]) -> Double {
    values.isEmpty ? .nan : values.sorted()[values.count / 2]
}
