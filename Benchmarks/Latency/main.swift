// An Ethernet switch that delivers every frame a given time later, for kernels without tc's netem. Root only.
//
//     latency-switch MICROSECONDS NAME…
//
// makes one TAP device for each name and passes frames between them until it is killed. The devices belong to hosts:
//
//     ip link set NAME netns PID name eth0

import Glibc

func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// The macros of <sys/select.h> are not imported, and poll counts in milliseconds.
struct DescriptorSet {
    var set = fd_set()

    init(_ descriptors: [Int32]) {
        withUnsafeMutableBytes(of: &set) { bits in
            for descriptor in descriptors { bits[Int(descriptor) / 8] |= 1 << UInt8(descriptor % 8) }
        }
    }

    func contains(_ descriptor: Int32) -> Bool {
        withUnsafeBytes(of: set) { $0[Int(descriptor) / 8] & 1 << UInt8(descriptor % 8) != 0 }
    }
}

func serve(_ ports: [Port], delay: UInt64) {
    let highest = ports.map(\.descriptor).max() ?? 0
    while true {
        let time = now()
        let next = ports.compactMap { $0.deliver(now: time) }.min() ?? time + 1_000_000_000
        let wait = next - min(next, now())
        var limit = timespec(tv_sec: Int(wait / 1_000_000_000), tv_nsec: Int(wait % 1_000_000_000))
        var ready = DescriptorSet(ports.map(\.descriptor))
        guard pselect(highest + 1, &ready.set, nil, nil, &limit, nil) > 0 else { continue }
        for port in ports where ready.contains(port.descriptor) {
            // Not too many in a row: others may be due.
            for _ in 0..<32 {
                guard let frame = port.receive() else { break }
                let due = now() + delay
                let destination = Port.destination(frame)
                if let target = ports.first(where: { $0.address == destination }) {
                    if target !== port { target.send(frame, due: due) }
                } else {
                    for other in ports where other !== port { other.send(frame, due: due) }
                }
            }
        }
    }
}

let words = CommandLine.arguments
guard words.count > 2, let microseconds = UInt64(words[1]) else {
    print("usage: latency-switch MICROSECONDS NAME…")
    exit(64)
}
// Its own waiting for a processor would be taken for latency.
var priority = sched_param()
priority.sched_priority = 10
sched_setscheduler(0, SCHED_FIFO, &priority)
do {
    serve(try words.dropFirst(2).map(Port.init), delay: microseconds * 1000)
} catch {
    print(error)
    exit(1)
}
