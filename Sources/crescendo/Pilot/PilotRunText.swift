#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A run on its way from rank 0 to the others.
enum PilotRunText {
    static func encode(_ run: PilotRun?) throws -> [UInt8] {
        guard let run else { return [] }
        let encoder = JSONEncoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return [UInt8](try encoder.encode(run))
    }

    static func decode(_ bytes: [UInt8]) throws -> PilotRun {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try decoder.decode(PilotRun.self, from: Data(bytes))
    }
}
