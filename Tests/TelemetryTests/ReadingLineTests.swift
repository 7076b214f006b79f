import Testing

@testable import Telemetry

@Suite struct ReadingLineTests {
    @Test func saysHowFarHowFastAndHowLong() {
        #expect(
            ReadingLine.text(bytes: 4_000_000_000, share: 0.25, seconds: 10)
                == "reading 25 % of 4 GB  100 MB/s  30 s left")
        #expect(ReadingLine.text(bytes: 4_000_000_000, share: 0, seconds: 10) == "reading 0 % of 4 GB  0 B/s")
        #expect(ReadingLine.text(bytes: 1000, share: 1, seconds: 10) == "reading 100 % of 1 kB  100 B/s")
    }
}
