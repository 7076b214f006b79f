/// Nanoseconds of a clock that only moves forward.
public func monotonicNanoseconds() -> UInt64 {
    let time = now(CLOCK_MONOTONIC)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}

/// Seconds of a clock that only moves forward.
public func monotonicSeconds() -> Double { seconds(CLOCK_MONOTONIC) }

/// Seconds since 1970.
public func unixSeconds() -> Double { seconds(CLOCK_REALTIME) }

/// Seconds of one of the system's clocks: CLOCK_PROCESS_CPUTIME_ID, say.
public func seconds(_ clock: clockid_t) -> Double {
    let time = now(clock)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

private func now(_ clock: clockid_t) -> timespec {
    var time = timespec()
    clock_gettime(clock, &time)
    return time
}
