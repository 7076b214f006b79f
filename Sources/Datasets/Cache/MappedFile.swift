import Platform

/// Makes the whole pages within `bytes` present, where the system knows how to (Linux 5.14); else they come when they are
/// written.
func populateForWriting(_ bytes: UnsafeMutableRawBufferPointer) {
    let populateForWriting: Int32 = 23
    let page = 4096
    guard let start = bytes.baseAddress?.alignedUp(toMultipleOf: page),
        let end = bytes.baseAddress.map({ ($0 + bytes.count).alignedDown(toMultipleOf: page) }), start < end
    else { return }
    _ = madvise(start, end - start, populateForWriting)
}

/// A whole file in memory, read by the system when it is touched. Writes stay private. Unmapped with its last reference.
final class MappedFile: @unchecked Sendable {
    let start: UnsafeMutableRawPointer
    let count: Int
    /// Whether the file system is one of this machine's own, where a file that is open stays as it is even when its
    /// name goes to another. On a network file system pages may be lost or change under us.
    let isLocal: Bool

    /// Nil when the file cannot be opened or mapped; `errno` says why.
    init?(path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else {
            return nil
        }
        count = Int(status.st_size)
        guard let mapped = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, descriptor, 0),
            mapped != MAP_FAILED
        else { return nil }
        start = mapped
        isLocal = MappedFile.isLocal(device: UInt(status.st_dev))
    }

    deinit { munmap(start, count) }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

    /// Maps the pages of a range that starts on a page, in one call instead of one fault after the other.
    func populate(_ range: Range<Int>) {
        let populateForReading: Int32 = 22
        guard !range.isEmpty else { return }
        // Systems before Linux 5.14 do not know it: then pages come when they are read.
        _ = madvise(start + range.lowerBound, range.count, populateForReading)
    }

    /// By the type of the mount that the device belongs to; false where that cannot be told.
    private static func isLocal(device: UInt) -> Bool {
        let number = "\(device >> 32 & 0xFFFF_F000 | device >> 8 & 0xFFF):\(device >> 12 & 0xFFFF_FF00 | device & 0xFF)"
        let local = ["ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "tmpfs", "overlay"]
        for line in (readText("/proc/self/mountinfo") ?? "").split(separator: "\n") {
            // 36 35 98:0 /root /mount options … - type source options
            let fields = line.split(separator: " ")
            guard fields.count > 4, fields[2] == number, let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count
            else { continue }
            return local.contains(String(fields[dash + 1]))
        }
        return false
    }
}
