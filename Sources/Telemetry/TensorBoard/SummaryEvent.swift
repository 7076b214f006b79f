/// One `Event` of TensorBoard's files: a step, a time and values. Numbers of fields are those of tensorflow/core/util/
/// event.proto and tensorflow/core/framework/summary.proto.
package struct SummaryEvent {
    /// Unix time in seconds.
    package let wallTime: Double
    /// The iteration.
    package let step: Int
    private var summary = ProtobufMessage()
    package private(set) var isEmpty = true

    package init(wallTime: Double, step: Int) {
        self.wallTime = wallTime
        self.step = step
    }

    /// The first event of every file.
    package static func version(wallTime: Double) -> [UInt8] {
        var event = ProtobufMessage()
        event.add(1, double: wallTime)
        event.add(3, string: "brain.Event:2")
        return event.bytes
    }

    /// An attempt at the run begins: tells the reader to forget what earlier files of the folder say from this step on.
    package static func start(wallTime: Double, step: Int) -> [UInt8] {
        var log = ProtobufMessage()
        log.add(1, varint: 1)  // SessionLog.START
        var event = ProtobufMessage()
        event.add(1, double: wallTime)
        event.add(2, varint: step)
        event.add(7, message: log)
        return event.bytes
    }

    package var bytes: [UInt8] {
        var event = ProtobufMessage()
        event.add(1, double: wallTime)
        event.add(2, varint: step)
        event.add(5, message: summary)
        return event.bytes
    }

    /// - Parameter description: shown beside the plot; needed once a file.
    package mutating func add(_ tag: String, scalar: Double, description: String? = nil) {
        var value = ProtobufMessage()
        value.add(1, string: tag)
        value.add(2, float: Float(scalar))
        addValue(value, description: description, plugin: "scalars")
    }

    package mutating func add(_ tag: String, histogram: HistogramOfValues, description: String? = nil) {
        var value = ProtobufMessage()
        value.add(1, string: tag)
        value.add(5, message: histogram.message)
        addValue(value, description: description, plugin: "histograms")
    }

    /// - Parameter text: Markdown.
    package mutating func add(_ tag: String, text: String, description: String?) {
        var dimension = ProtobufMessage()
        dimension.add(1, varint: 1)
        var shape = ProtobufMessage()
        shape.add(2, message: dimension)
        var tensor = ProtobufMessage()
        tensor.add(1, varint: 7)  // DT_STRING
        tensor.add(2, message: shape)
        tensor.add(8, string: text)
        var value = ProtobufMessage()
        value.add(1, string: tag)
        value.add(8, message: tensor)
        addValue(value, description: description, plugin: "text")
    }

    private mutating func addValue(_ value: ProtobufMessage, description: String?, plugin: String) {
        var value = value
        if let description {
            var data = ProtobufMessage()
            data.add(1, string: plugin)
            var metadata = ProtobufMessage()
            metadata.add(1, message: data)
            metadata.add(3, string: description)
            value.add(9, message: metadata)
        }
        summary.add(1, message: value)
        isEmpty = false
    }
}
