import Kernels
import Models
import Synchronization

/// The long arrays of a snapshot, by name. Put one under `SnapshotTensors.key` into the `userInfo` of the encoder or decoder.
public final class SnapshotTensors: Sendable {
    public typealias Values = Safetensors.Values

    public static let key = CodingUserInfoKey(rawValue: "snapshot tensors").unsafelyUnwrapped

    private let tensors: Mutex<[String: Values]>

    public init(_ values: [String: Values] = [:]) { tensors = Mutex(values) }

    public var values: [String: Values] { tensors.withLock { $0 } }

    subscript(name: String) -> Values? {
        get { tensors.withLock { $0[name] } }
        set { tensors.withLock { $0[name] = newValue } }
    }
}

/// What `Stored` can keep beside the numbers of a snapshot.
public protocol StorableArray {
    /// Nil: there is nothing to keep.
    var storedValues: SnapshotTensors.Values? { get }
    init?(storedValues: SnapshotTensors.Values?)
}

/// Elements of such arrays.
public protocol StorableNumber {
    static func stored(_ values: [Self]) -> SnapshotTensors.Values
    static func values(of stored: SnapshotTensors.Values?) -> [Self]?
}

extension Float: StorableNumber {
    public static func stored(_ values: [Float]) -> SnapshotTensors.Values { .floats(values) }
    public static func values(of stored: SnapshotTensors.Values?) -> [Float]? {
        if case .floats(let values) = stored { values } else { nil }
    }
}

extension Double: StorableNumber {
    public static func stored(_ values: [Double]) -> SnapshotTensors.Values { .doubles(values) }
    public static func values(of stored: SnapshotTensors.Values?) -> [Double]? {
        if case .doubles(let values) = stored { values } else { nil }
    }
}

extension Array: StorableArray where Element: StorableNumber {
    public var storedValues: SnapshotTensors.Values? { Element.stored(self) }
    public init?(storedValues: SnapshotTensors.Values?) {
        guard let values = Element.values(of: storedValues) else { return nil }
        self = values
    }
}

extension AlignedBuffer: StorableArray where Element: StorableNumber {
    public var storedValues: SnapshotTensors.Values? { Element.stored(Array(elements)) }
    public convenience init?(storedValues: SnapshotTensors.Values?) {
        guard let values = Element.values(of: storedValues) else { return nil }
        self.init(values)
    }
}

extension Optional: StorableArray where Wrapped: StorableArray {
    public var storedValues: SnapshotTensors.Values? { self?.storedValues ?? nil }
    public init?(storedValues: SnapshotTensors.Values?) {
        guard storedValues != nil else {
            self = .none
            return
        }
        guard let wrapped = Wrapped(storedValues: storedValues) else { return nil }
        self = .some(wrapped)
    }
}

/// An array that a snapshot keeps as a tensor named after its place, such as `state.parameters`; among the numbers stands
/// that name, or an empty one for nil. States of rules hold their long arrays so.
@propertyWrapper
public struct Stored<Value: StorableArray>: Codable {
    public var wrappedValue: Value

    public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }

    public init(from decoder: any Decoder) throws {
        let name = try decoder.singleValueContainer().decode(String.self)
        let tensors = decoder.userInfo[SnapshotTensors.key] as? SnapshotTensors
        guard let value = Value(storedValues: name.isEmpty ? nil : tensors?[name]) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "there is no tensor \(name) of the right type"))
        }
        wrappedValue = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        guard let values = wrappedValue.storedValues else { return try container.encode("") }
        guard let tensors = encoder.userInfo[SnapshotTensors.key] as? SnapshotTensors else {
            throw EncodingError.invalidValue(
                wrappedValue, .init(codingPath: encoder.codingPath, debugDescription: "SnapshotTensors.key is not set"))
        }
        let name = encoder.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        tensors[name] = values
        try container.encode(name)
    }
}

extension Stored: Sendable where Value: Sendable {}
extension Stored: Equatable where Value: Equatable {}
