import Dispatch
import Kernels
import Synchronization
import Testing

@Suite struct ConcurrentTests {
    @Test func eachNumberRunsOnce() {
        for count in [0, 1, 2, 3, 8, 2, 5] {
            let calls = AlignedBuffer<Int>(count: count)
            for round in 1...50 {
                concurrently(count) { calls.pointer[$0] += 1 }
                #expect(calls.elements.allSatisfy { $0 == round })
            }
        }
    }

    @Test func callsInsideCallsRun() {
        let sum = Atomic(0)
        concurrently(3) { outer in
            concurrently(4) { inner in sum.wrappingAdd(outer * 10 + inner, ordering: .relaxed) }
        }
        #expect(sum.load(ordering: .relaxed) == (0 + 10 + 20) * 4 + (0 + 1 + 2 + 3) * 3)
    }

    /// Several threads of the program may ask at a time.
    @Test func callersAtATimeDoNotMixTheirWork() {
        let wrong = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 4) { caller in
            for round in 0..<200 {
                let results = AlignedBuffer<Int>(count: 3)
                concurrently(3) { results.pointer[$0] = caller * 1000 + round * 3 + $0 }
                for index in 0..<3 where results[index] != caller * 1000 + round * 3 + index {
                    wrong.wrappingAdd(1, ordering: .relaxed)
                }
            }
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
    }

    /// Threads that slept wake for the next call.
    @Test func callsAfterARest() async throws {
        for _ in 0..<3 {
            let sum = Atomic(0)
            concurrently(4) { sum.wrappingAdd($0, ordering: .relaxed) }
            #expect(sum.load(ordering: .relaxed) == 6)
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

@Suite struct MemoryTests {
    @Test func buffersAreZeroAndAligned() {
        for count in [0, 1, 1000, (4 << 20) / 8, (9 << 20) / 8 + 5] {
            let buffer = AlignedBuffer<Double>(count: count)
            #expect(Int(bitPattern: buffer.pointer) % 64 == 0)
            #expect(buffer.elements.allSatisfy { $0 == 0 })
            if count > 0 { buffer[count - 1] = 1 }
        }
    }

    @Test func aWorkspaceHandsOutWhatItGotBack() {
        let workspace = Workspace()
        let small = workspace.take(bytes: 100)
        let large = workspace.take(bytes: 10000)
        #expect(small !== large && small.count >= 100 && large.count >= 10000)
        workspace.give(back: large)
        workspace.give(back: small)
        #expect(workspace.take(bytes: 50) === small)
        #expect(workspace.take(bytes: 50) === large)
        workspace.with(Double.self, count: 100) { values in
            for index in 0..<100 { values[index] = 1 }
        }
        let inside = workspace.with(Int.self, count: 3) { values in
            values.update(repeating: 7, count: 3)
            return values[2]
        }
        #expect(inside == 7)
    }
}
