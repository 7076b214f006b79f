import FoundationEssentials

/// JSON that holds all numbers: those that are not finite as text.
public enum SnapshotCoding {
    private static let names = (infinity: "inf", negativeInfinity: "-inf", nan: "nan")

    /// Keys are sorted, so that one state is one text.
    /// - Parameter tensors: where the long arrays of a snapshot go.
    public static func encoder(_ tensors: SnapshotTensors? = nil) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if let tensors { encoder.userInfo[SnapshotTensors.key] = tensors }
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: names.infinity, negativeInfinity: names.negativeInfinity, nan: names.nan)
        return encoder
    }

    public static func decoder(_ tensors: SnapshotTensors? = nil) -> JSONDecoder {
        let decoder = JSONDecoder()
        if let tensors { decoder.userInfo[SnapshotTensors.key] = tensors }
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: names.infinity, negativeInfinity: names.negativeInfinity, nan: names.nan)
        return decoder
    }
}
