/// Training time over all attempts at a run.
struct RunClock {
    private let start = Stopwatch()
    /// Of the attempts before.
    let before: Double

    init(before: Double) { self.before = before }

    var seconds: Double { before + start.seconds }
}
