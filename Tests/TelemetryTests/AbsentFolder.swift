import Foundation

/// A path that nobody has made.
let absentFolder = NSTemporaryDirectory() + "crescendo-absent-\(UUID().uuidString)"
