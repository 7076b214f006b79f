import Testing

@testable import MPI

@Suite struct StallNoteTests {
    private func waiting(_ rank: Int, _ call: String = "allreduce, call number 7", since: Int = 3661) -> StallNote {
        StallNote(rank: rank, host: "n\(rank)", isWaiting: true, call: call, since: since)
    }
    private let hosts = ["n0", "n1", "n2", "n3"]

    @Test func notesSurviveTheirFile() {
        let note = waiting(3)
        #expect(StallNote(line: note.line) == note)
        #expect(StallNote(line: "") == nil)
        #expect(StallNote(line: "3\tn3\twaiting\tallreduce") == nil)
    }

    @Test func ranksWithoutANoteAreWaitedFor() {
        let text = StallNote.report([waiting(0), waiting(2, since: 3600), waiting(3)], hosts: hosts)
        #expect(
            text == "3 of 4 ranks wait since 01:00:00 UTC in allreduce, call number 7 for rank 1 on n1, "
                + "which gives no sign (dead, stopped or cut off)")
    }

    @Test func ranksAtWorkAreWaitedFor() {
        let busy = StallNote(rank: 1, host: "n1", isWaiting: false, call: "barrier, call number 6", since: 3600)
        let text = StallNote.report([waiting(0), busy, waiting(2), waiting(3)], hosts: hosts)
        #expect(
            text == "3 of 4 ranks wait since 01:01:01 UTC in allreduce, call number 7 for rank 1 on n1, "
                + "at work outside MPI since 01:00:00 UTC after barrier, call number 6")
    }

    @Test func ranksInDifferentCallsAreTold() {
        let notes = [waiting(0), waiting(1), waiting(2, "barrier, call number 6"), waiting(3)]
        #expect(
            StallNote.report(notes, hosts: hosts)
                == "all ranks wait for each other: rank 0, rank 1, rank 3 in allreduce, call number 7; "
                + "rank 2 in barrier, call number 6")
    }
}
