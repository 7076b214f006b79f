import Datasets
import Models
import Planning
import Platform
import Telemetry

@testable import crescendo

/// `pilot.json`, and what `plan` makes of it.
enum PilotFuzz {
    static func read(_ bytes: [UInt8]) {
        guard let file = try? PilotFile(text: String(decoding: bytes, as: UTF8.self), path: "pilot.json") else {
            return
        }
        var size = 0
        for method in [nil, PilotMethod.auto] {
            guard let forecast = try? Forecast(file, method: method, draws: 3) else { continue }
            size += PlanText(forecast: forecast).text.utf8.count
            size += PlanPage(forecast: forecast, file: file).html.utf8.count
        }
        TouchedNumbers.sum += Double(size)
    }
}

/// A configuration file, merged into a command line.
struct ConfigurationFuzz {
    private let folder: FuzzFolder

    init(_ folder: FuzzFolder) { self.folder = folder }

    func read(_ bytes: [UInt8]) {
        let path = folder.write("config.yaml", bytes)
        guard let text = try? WholeFile.text(of: path),
            let file = try? ConfigurationFile(yaml: text, path: path)
        else { return }
        for entry in file.entries { entry.arguments.forEach(Self.readValue) }
        var choice = ContentChoice(bytes)
        // The parser of command lines takes a thousand times as long as all the rest.
        guard choice.next(512) == 0,
            case .run(let command, _) = CommandLineReader.read(["train", "--config", path]),
            let train = command as? TrainCommand
        else { return }
        TouchedNumbers.sum += Double(train.data.count)
    }

    /// What options make of their values.
    private static func readValue(_ argument: String) {
        let value = argument.firstIndex(of: "=").map { String(argument[argument.index(after: $0)...]) } ?? argument
        var sum = TimeSpan(argument: value)?.seconds ?? 0
        sum += Double(ByteCount(argument: value)?.bytes ?? 0) + (Moment(argument: value)?.seconds ?? 0)
        sum += Double(SampleShape(value)?.count ?? 0) + Double((try? Augmentation(value))?.shift ?? 0)
        sum += Double((try? parseCount(atLeast: 1)(value)) ?? 0) + ((try? NumberRange.positive.parse(value)) ?? 0)
        if let layer = try? NetworkDescription(layers: [value, "dense 3"]) {
            sum += (try? layer.check(input: SampleShape(channels: 3, height: 8, width: 8))) == nil ? 1 : 0
        }
        if let named = try? NetworkDescription(name: value) { sum += Double(named.layers.count) }
        TouchedNumbers.sum += sum
    }
}

/// The reader of JSON by itself.
enum JSONFuzz {
    static func read(_ bytes: [UInt8]) {
        guard let json = try? bytes.withUnsafeBufferPointer({ try JSON(bytes: $0) }) else { return }
        let text = json.text
        // What is written is read again, to the same text.
        guard let again = try? JSON(text: text), again.text == text else { fatalError("not the same: \(text)") }
        TouchedNumbers.sum += Double(json.indentedText.utf8.count)
    }
}
