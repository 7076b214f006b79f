import BigBatch

/// Several sinks, each on its own feet: one that throws is left out from then on, with one warning.
package final class SinkList {
    private var sinks: [any RunSink]
    private let warn: (String) -> Void

    package init(_ sinks: [any RunSink], warn: @escaping (String) -> Void) {
        self.sinks = sinks
        self.warn = warn
    }

    package func receive(_ news: RunNews) { each { try $0.receive(news) } }

    package func finish(_ result: TrainingResult?) {
        each { try $0.finish(result) }
        sinks = []
    }

    private func each(_ body: (any RunSink) throws -> Void) {
        sinks = sinks.filter { sink in
            do {
                try body(sink)
                return true
            } catch {
                warn("\(error). Training goes on without \(sink.name).")
                return false
            }
        }
    }
}
