/// The element type of a NumPy array, as its head describes it: '<f4', '>i2', '<U7'.
struct NPYType {
    let element: ArrayElement
    let isBigEndian: Bool
    /// Of texts.
    let characters: Int

    /// Throws `ParseError` with what to do about any other.
    init(_ description: String, _ source: ArraySource) throws {
        let type = description.dropFirst()
        guard let order = description.first, "<>|=".contains(order), let kind = type.first else {
            throw Self.refusal(description, source)
        }
        if kind == "U" || kind == "S" || kind == "a" {
            guard let count = Int(type.dropFirst()), count > 0, count < 1 << 28 else {
                throw Self.refusal(description, source)
            }
            element = kind == "U" ? .unicode : .bytes
            characters = count
        } else {
            guard let element = ArrayElement(rawValue: String(type)), !element.isText else {
                throw Self.refusal(description, source)
            }
            self.element = element
            characters = 1
        }
        isBigEndian = order == ">" && element.size > 1
    }

    /// The remedies are what NumPy takes, each tried.
    static func refusal(_ description: String, _ source: ArraySource) -> ParseError {
        let remedy: String
        switch description.drop(while: { "<>|=".contains($0) }).first {
        case "O":
            remedy =
                "Python objects, which only Python reads: load them with allow_pickle=True, and save numbers with "
                + "numpy.save(file, array.astype('<f4')), labels with numpy.save(file, array.astype(str))"
        case "c":
            remedy =
                "complex numbers: save the parts as columns, numpy.concatenate([array.real, array.imag], axis=1), "
                + "or one of them"
        case "V":
            remedy =
                "bytes that NumPy does not interpret, as bfloat16 of ml_dtypes is saved: save array.astype('<f4'); of "
                + "the file, numpy.load(file).view(ml_dtypes.bfloat16).astype('<f4')"
        case "f", "g": remedy = "long doubles: save array.astype('<f8')"
        case "M", "m":
            remedy =
                "times: save them as numbers, array.astype('<i8'), the time since 1970 or the duration in the array's "
                + "unit"
        case "a" where description.hasPrefix("a structured"):
            return ParseError(
                file: source.name,
                message: "has \(description), a table of named fields: save them as columns, "
                    + "numpy.stack([array[name] for name in array.dtype.names], axis=1).astype('<f4'), or as CSV, "
                    + "pandas.DataFrame(array).to_csv(file, index=False)")
        default:
            remedy =
                "which is not supported: floats (f2, f4, f8), integers (i1 … i8, u1 … u8), booleans and, for labels, "
                + "texts (U, S) are: save array.astype('<f4')"
        }
        return ParseError(file: source.name, message: "has element type '\(description)', \(remedy)")
    }
}
