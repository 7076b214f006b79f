import Datasets
import FoundationEssentials

/// How the training data was read, as the model file keeps it: later files are read alike unless options say otherwise.
package struct StoredReading {
    package var options: ReadOptions

    /// Forgets what belongs to the training files alone: their format and layout, and the labels beside them.
    package init(_ options: ReadOptions) {
        self.options = options
        self.options.format = .auto
        self.options.header = .auto
        self.options.labels = []
        self.options.isTraining = false
        self.options.delimiter = nil
    }

    /// Reading for a model that does not say.
    package init(text: String?) throws {
        guard let text else {
            options = ReadOptions()
            options.isTraining = false
            return
        }
        options = try JSONDecoder().decode(ReadOptions.self, from: Data(text.utf8))
    }

    package var text: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            return String(decoding: try encoder.encode(options), as: UTF8.self)
        }
    }
}
