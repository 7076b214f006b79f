import Testing

@testable import Planning

@Suite struct RankAdviceTests {
    private func advice(_ hosts: [(ranks: Int, processors: Int)], threads: Int = 1, batch: Int = 100_000) -> RankAdvice?
    {
        RankAdvice(
            hosts.enumerated().map { RankAdvice.Host(name: "n\($0)", ranks: $1.ranks, processors: $1.processors) },
            threads: threads, largestBatch: batch)
    }

    @Test func whereMoreRanksMayPayNothingIsSaid() {
        #expect(advice([(1, 1)]) == nil)
        #expect(advice([(1, 1)], batch: 3) == nil)
        #expect(advice([(2, 2)]) == nil)
        #expect(advice([(64, 64), (64, 64)], threads: 1) == nil)
        #expect(advice([(8, 64)], threads: 8) == nil)
        // A system that does not tell.
        #expect(advice([(8, 0)]) == nil)
        // One rank on each host, whatever its threads: they are another matter.
        #expect(advice([(1, 4), (1, 4)], threads: 8) == nil)
        #expect(advice([(4, 4)], batch: 49) == nil)
    }

    @Test func ranksThatTakeTurnsAreTooMany() throws {
        let small = try #require(advice([(4, 2)]))
        #expect(small.ranks == 2)
        #expect(small.text == "4 ranks take turns on the 2 processors of n0: 2 ranks are faster (mpirun -n 2)")
        #expect(try #require(advice([(2, 1)])).text.hasSuffix("the processor of n0: one rank alone is faster"))
        let threaded = try #require(advice([(16, 64), (32, 64)], threads: 4))
        #expect(
            threaded.ranks == 32
                && threaded.text.hasPrefix("32 ranks of 4 threads take turns on the 64 processors of n1"))
    }

    @Test func ranksWithoutRowsAreTooMany() throws {
        let few = try #require(advice([(16, 64)], batch: 178))
        #expect(few.ranks == 13)
        #expect(few.text.hasPrefix("3 or more of 16 ranks have no rows in any step, of 178 rows at most: 13 ranks are"))
        // Both: the fewer of the two count.
        #expect(try #require(advice([(16, 2)], batch: 178)).ranks == 2)
        #expect(try #require(advice([(16, 14)], batch: 178)).ranks == 13)
    }
}
