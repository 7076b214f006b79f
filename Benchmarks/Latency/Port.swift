import Glibc

/// One socket of the switch: a TAP device, which may be moved into another network namespace, and the frames on their way
/// to it. Frames keep the header that says what is left to do to them, so hosts hand over up to 64 KB at once.
final class Port {
    let descriptor: Int32
    /// Of the network card at the other end, once it has sent something.
    private(set) var address: [UInt8]?
    private var queue: [(due: UInt64, frame: [UInt8])] = []
    private var first = 0
    private var queuedBytes = 0

    private static let headerBytes = 10
    private static let capacity = 16 << 20
    private static let longestFrame = 70_000

    /// Makes the device NAME.
    init(name: String) throws {
        descriptor = open("/dev/net/tun", O_RDWR | O_NONBLOCK)
        guard descriptor >= 0 else { throw SystemError("/dev/net/tun") }
        // struct ifreq: 16 bytes of name, then the flags. The macros of <linux/if_tun.h> are not imported.
        var request = [UInt8](repeating: 0, count: 40)
        request.replaceSubrange(0..<min(15, name.utf8.count), with: name.utf8.prefix(15))
        let tapWithHeaderOnly: UInt16 = 0x0002 | 0x1000 | 0x4000
        request[16] = UInt8(tapWithHeaderOnly & 0xFF)
        request[17] = UInt8(tapWithHeaderOnly >> 8)
        let setInterface: UInt = 0x4004_54CA
        let setOffload: UInt = 0x4004_54D0
        let checksumAndSegments: Int32 = 1 | 2 | 4
        guard request.withUnsafeMutableBytes({ ioctl(descriptor, setInterface, $0.baseAddress!) }) == 0,
            ioctl(descriptor, setOffload, checksumAndSegments) == 0
        else { throw SystemError("device \(name)") }
    }

    /// The next frame that the host has sent.
    func receive() -> [UInt8]? {
        let frame = [UInt8](unsafeUninitializedCapacity: Port.longestFrame) { buffer, count in
            count = max(0, read(descriptor, buffer.baseAddress, buffer.count))
        }
        guard frame.count >= Port.headerBytes + 14 else { return nil }
        address = Array(frame[Port.headerBytes + 6..<Port.headerBytes + 12])
        return frame
    }

    static func destination(_ frame: [UInt8]) -> [UInt8] { Array(frame[headerBytes..<headerBytes + 6]) }

    /// Puts a frame on its way; a full wire drops it.
    func send(_ frame: [UInt8], due: UInt64) {
        guard queuedBytes + frame.count <= Port.capacity else { return }
        queue.append((due, frame))
        queuedBytes += frame.count
    }

    /// Hands over what has arrived by `now`. Returns when the next frame is due.
    func deliver(now: UInt64) -> UInt64? {
        while first < queue.count, queue[first].due <= now {
            let frame = queue[first].frame
            if write(descriptor, frame, frame.count) < 0, errno == EAGAIN { break }
            queuedBytes -= frame.count
            first += 1
        }
        if first == queue.count {
            queue.removeAll(keepingCapacity: true)
            first = 0
        } else if first > 4096 {
            queue.removeFirst(first)
            first = 0
        }
        return first < queue.count ? queue[first].due : nil
    }
}

struct SystemError: Error, CustomStringConvertible {
    let description: String
    init(_ what: String) { description = "latency-switch: \(what): \(String(cString: strerror(errno)))" }
}
