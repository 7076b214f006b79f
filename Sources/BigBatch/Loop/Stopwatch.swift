import MPI
import Platform

/// Time since it was made. An iteration on a small batch reads it a dozen times: `ContinuousClock`, whose durations are
/// 128-bit numbers, takes longer.
struct Stopwatch {
    private let start = monotonicNanoseconds()

    var seconds: Double { Double(monotonicNanoseconds() - start) * 1e-9 }
}
