import Foundation

/// A path that nobody has made.
package let absentFolder = NSTemporaryDirectory() + "crescendo-absent-\(UUID().uuidString)"

/// A fresh folder that is removed afterwards.
package func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.path + "/crescendo-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
}
