import CKernels

/// Calls `body` with 0 ..< count, on as many threads, and returns when all are done. The calls may run in any order: they
/// write to places of their own, and their results are combined afterwards in the order of their numbers.
///
/// The threads live on and wait for the next call. Number i runs on the same one each time, so that it finds its part of
/// the data in its cache and near its processor, unless that thread has not begun when the caller has done its own part:
/// then the caller does it. Inside another call of this function all run on the calling thread.
public func concurrently(_ count: Int, _ body: (Int) -> Void) {
    if count == 1 { return body(0) }
    withoutActuallyEscaping(body) { body in
        withUnsafePointer(to: body) { body in
            ck_parallel(
                count,
                { context, index in
                    context.assumingMemoryBound(to: ((Int) -> Void).self).pointee(index)
                }, UnsafeMutableRawPointer(mutating: body))
        }
    }
}

/// Whether the system has given fewer threads than were asked for: all parts are done, by fewer.
public var threadsWereRefused: Bool { ck_threads_refused() == 1 }
