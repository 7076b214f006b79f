import Dispatch

/// Calls `body` with 0 ..< count, each on some thread, and returns when all are done. The calls may run in any order:
/// they write to places of their own, and their results are combined afterwards in the order of their numbers.
public func concurrently(_ count: Int, _ body: (Int) -> Void) {
    if count == 1 { return body(0) }
    withoutActuallyEscaping(body) { body in
        // Unsafe: the caller promises disjoint places; this call outlives all of them.
        nonisolated(unsafe) let work = body
        DispatchQueue.concurrentPerform(iterations: count) { work($0) }
    }
}
