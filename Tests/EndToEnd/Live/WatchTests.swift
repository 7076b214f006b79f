import Foundation
import TestSupport
import Testing

/// `crescendo watch` on a terminal and without one.
@Suite struct WatchTests {
    private func finishedRun() throws -> Workplace {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        let outcome = try place.run(ranks: 2, ["train", "data.svm", "--output", "runs/first", "--quiet"])
        try #require(outcome.code == 0, "\(outcome.errors)")
        return place
    }

    @Test func aRunIsFollowedFromBeforeItsStartToItsEnd() throws {
        let place = try Workplace()
        try place.write(SampleData.binary(), to: "data.svm")
        let watching = try place.start([Workplace.program, "watch"])
        let outcome = try place.run(
            ranks: 2, ["train", "data.svm", "--output", "runs/first", "--max-iterations", "3", "--tolerance", "0"])
        #expect(outcome.code == 0, "\(outcome.errors)")
        let seen = try watching.wait()
        #expect(seen.code == 0, "\(seen.errors)")
        #expect(seen.output.hasPrefix("runs: not there yet."), "\(seen.output)")
        #expect(
            seen.output.hasSuffix(
                "runs/first: finished. The limit max-iterations was reached before convergence.\n"),
            "\(seen.output)")
        #expect(!seen.output.contains("\u{1B}"))
    }

    @Test func oneLookIsPrinted() throws {
        let place = try finishedRun()
        let seen = try place.run(["watch", "--once", "runs/first"])
        #expect(seen.code == 0)
        for word in ["runs/first", "finished", "2 ranks", "200 rows (all)", "signal to noise", "computing"] {
            #expect(seen.output.contains(word), "\(word) in \(seen.output)")
        }
        #expect(seen.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
        // The folder of runs means the newest one.
        #expect(try place.run(["watch", "--once"]).output == seen.output)
        let missing = try place.run(["watch", "--once", "elsewhere"])
        #expect(missing.code == 1)
        #expect(missing.errors == "crescendo: elsewhere: no run is in this folder\n")
    }

    @Test func itIsNoJobOfRanks() throws {
        let place = try Workplace()
        let outcome = try place.run(ranks: 2, ["watch"])
        #expect(outcome.code == 1)
        #expect(outcome.errors.contains("run it without mpirun"), "\(outcome.errors)")
    }

    @Test(arguments: [("q", nil, 0), (nil, SIGINT, 0), (nil, SIGTERM, 143)] as [(String?, Int32?, Int32)])
    func aTerminalIsPutBack(_ key: String?, _ signal: Int32?, _ code: Int32) throws {
        let place = try finishedRun()
        let terminal = try PseudoTerminal(columns: 90, rows: 30)
        let before = terminal.modes
        let watching = try terminal.start([Workplace.program, "watch", "runs/first"], in: place.folder)
        try terminal.read { $0.contains("q leaves") }
        #expect(terminal.modes.c_lflag & tcflag_t(ECHO | ICANON) == 0)
        let picture = terminal.text
        #expect(picture.contains("\u{1B}[?1049h"))
        #expect(picture.contains("finished"))
        #expect(!picture.contains("\u{1B}[3"), "NO_COLOR is set")
        // A smaller window gets a smaller picture at once.
        terminal.resize(columns: 30, rows: 8)
        try terminal.read { (PseudoTerminal.lastPicture($0)?.count ?? .max) <= 8 }
        let lines = try #require(PseudoTerminal.lastPicture(terminal.text))
        #expect(lines.allSatisfy { $0.count <= 30 }, "\(lines)")
        if let key { terminal.type(key) }
        if let signal { kill(watching.processIdentifier, signal) }
        try terminal.read { $0.contains("\u{1B}[?1049l") }
        watching.waitUntilExit()
        #expect(watching.terminationReason == .exit)
        #expect(watching.terminationStatus == code)
        #expect(terminal.text.contains("\u{1B}[?25h\u{1B}[?1049l"))
        #expect(terminal.modes.c_lflag == before.c_lflag)
    }
}

/// A terminal without a screen: what a program writes to it, and keys for the program.
private final class PseudoTerminal {
    struct Missing: Error {}
    private let master: Int32
    private let slave: Int32
    private(set) var text = ""

    init(columns: UInt16, rows: UInt16) throws {
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var unlocked: Int32 = 0
        var number: UInt32 = 0
        // unlockpt and ptsname, which Swift does not see: TIOCSPTLCK and TIOCGPTN.
        guard master >= 0, ioctl(master, 0x4004_5431, &unlocked) == 0, ioctl(master, 0x8004_5430, &number) == 0 else {
            throw Missing()
        }
        slave = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard slave >= 0 else { throw Missing() }
        resize(columns: columns, rows: rows)
    }

    deinit {
        close(master)
        close(slave)
    }

    var modes: termios {
        var modes = termios()
        tcgetattr(slave, &modes)
        return modes
    }

    func resize(columns: UInt16, rows: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    func start(_ command: [String], in folder: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.environment = ["TERM": "xterm", "NO_COLOR": "1", "LC_ALL": "C.UTF-8"]
        let handle = FileHandle(fileDescriptor: slave, closeOnDealloc: false)
        process.standardInput = handle
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        return process
    }

    /// The lines of the last picture that is there as a whole.
    static func lastPicture(_ text: String) -> [String]? {
        let whole = text.components(separatedBy: "\u{1B}[H").dropFirst().last { $0.contains("\u{1B}[J") }
        guard let picture = whole?.components(separatedBy: "\u{1B}[J")[0] else { return nil }
        // The terminal adds carriage returns of its own.
        let scalars = picture.replacingOccurrences(of: "\u{1B}[K", with: "").unicodeScalars.filter { $0 != "\r" }
        return String(String.UnicodeScalarView(scalars)).components(separatedBy: "\n")
    }

    func type(_ text: String) { _ = write(master, text, text.utf8.count) }

    /// Reads until `condition` holds for all that was read so far; gives up after half a minute.
    func read(until condition: (String) -> Bool) throws {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let end = ContinuousClock.now + .seconds(30)
        while !condition(text) {
            var input = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
            try #require(ContinuousClock.now < end, "\(text)")
            guard poll(&input, 1, 100) > 0 else { continue }
            let count = Glibc.read(master, &bytes, bytes.count)
            try #require(count > 0)
            text += String(decoding: bytes[..<count], as: UTF8.self)
        }
    }
}
