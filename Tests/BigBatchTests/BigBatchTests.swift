import Testing

@testable import BigBatch
