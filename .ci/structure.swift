// Checks that the house stays one that can be read: `make structure`.
//
// - Imports run downward, in the order of `floors`.
// - What a target of the package imports it depends on, if by others: else a clean build may come too early for it.
// - Libraries name no options of the program.
// - No file of Sources has more than `longest` lines.
// - Knots stay small. A knot is a set of files of one module that name each other's types in a loop: whoever wants to
//   understand one of them has to read all. Only top-level types count, and only where one file has the name.
import Foundation

let floors = [
    ["CMPI", "CZlib", "CKernels"], ["Platform"], ["MPI", "Kernels"], ["Datasets"], ["Models"], ["BigBatch", "Evaluation"], ["Selection"],
    ["Telemetry"], ["Cluster"], ["Runs"], ["Pages", "Watch"], ["Planning"], ["crescendo"],
]
/// What others build on. Options are the program's: these name their own settings, and it spells them.
let libraries: Set = ["Platform", "MPI", "Kernels", "Datasets", "Models", "BigBatch", "Selection", "Evaluation", "Telemetry"]
let longest = 300
let largestKnot = 3
/// Modules that are not there yet, and where they are. It only gets less.
let exceptions: [String: Int] = [:]

struct File {
    let name: String
    let lines: Int
    let imports: Set<String>
    let types: Set<String>
    let words: Set<String>
    /// Options in texts.
    let options: [String]

    init(_ path: String) throws {
        name = path
        let text = try String(contentsOfFile: path, encoding: .utf8)
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).count - 1
        options = text.replacing(#/(?m)^ *\/\/[^\n]*/#, with: "").matches(of: #/"[^"\n]*(--[a-z][a-z-]+)/#).map { String($0.1) }
        let code = text.replacing(#/"""[\s\S]*?"""/#, with: "\"\"").replacing(#/"(\\.|[^"\\\n])*"/#, with: "\"\"")
            .replacing(#//\*[\s\S]*?\*//#, with: "").replacing(#///[^\n]*/#, with: "")
        imports = Set(code.matches(of: #/(?m)^(?:@\w+ )?import (\w+)/#).map { String($0.1) })
        let declaration = #/(?m)^(?:public |package |final |indirect |@\w+(?:\([^)]*\))? )*(?:struct|class|enum|protocol|actor|typealias) (\w+)/#
        types = Set(code.matches(of: declaration).map { String($0.1) })
        words = Set(code.matches(of: #/\b[A-Z]\w*/#).map { String($0.0) })
    }
}

/// Sets of files that reach each other (Tarjan 1972).
func knots(_ edges: [[Int]]) -> [[Int]] {
    var index = [Int?](repeating: nil, count: edges.count)
    var lowest = [Int](repeating: 0, count: edges.count)
    var stack: [Int] = []
    var found: [[Int]] = []
    var next = 0
    func visit(_ node: Int) {
        index[node] = next
        lowest[node] = next
        next += 1
        stack.append(node)
        for other in edges[node] {
            if index[other] == nil {
                visit(other)
                lowest[node] = min(lowest[node], lowest[other])
            } else if stack.contains(other) {
                lowest[node] = min(lowest[node], index[other] ?? 0)
            }
        }
        guard lowest[node] == index[node], let place = stack.lastIndex(of: node) else { return }
        let knot = Array(stack[place...])
        stack.removeSubrange(place...)
        if knot.count > 1 { found.append(knot) }
    }
    for node in edges.indices where index[node] == nil { visit(node) }
    return found
}

var faults = 0
func complain(_ text: String) {
    print(text)
    faults += 1
}

for (floor, modules) in floors.enumerated() {
    let above = Set(floors[floor...].joined())
    for module in modules {
        let walk = FileManager.default.enumerator(atPath: "Sources/\(module)")
        let paths = (walk?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".swift") }.sorted()
        let files = try paths.map { try File("Sources/\(module)/\($0)") }
        for file in files {
            for name in file.imports.intersection(above).subtracting([module]).sorted() {
                complain("\(file.name) imports \(name), which is not below it")
            }
            if libraries.contains(module) {
                for option in file.options { complain("\(file.name) names \(option), an option of the program") }
            }
            if file.lines > longest { complain("\(file.name) has \(file.lines) lines, more than \(longest)") }
        }
        var owners: [String: [Int]] = [:]
        for (number, file) in files.enumerated() { for type in file.types { owners[type, default: []].append(number) } }
        let edges = files.enumerated().map { number, file in
            Set(file.words.compactMap { owners[$0]?.count == 1 ? owners[$0]?.first : nil }).subtracting([number]).sorted()
        }
        let sizes = knots(edges).sorted { $0.count > $1.count }
        let allowed = exceptions[module] ?? largestKnot
        for knot in sizes where knot.count > allowed {
            complain(
                "\(knot.count) files of \(module) name each other's types in a loop, more than \(allowed): "
                    + knot.map { files[$0].name }.sorted().joined(separator: ", "))
        }
        if !files.isEmpty { print("\(module): \(files.count) files, the largest knot has \(sizes.first?.count ?? 1)") }
    }
}

/// What `swift package dump-package` tells of the targets.
struct Package: Decodable {
    struct Target: Decodable {
        struct Dependency: Decodable {
            var name: String?

            init(from decoder: any Decoder) throws {
                let kinds = try decoder.singleValueContainer().decode([String: [Name?]].self)
                name = kinds.values.first?.first??.text
            }
        }

        /// The first of a dependency's members; conditions behind it are objects.
        struct Name: Decodable {
            var text: String?

            init(from decoder: any Decoder) throws { text = try? decoder.singleValueContainer().decode(String.self) }
        }

        var name: String
        var type: String
        var path: String?
        var sources: [String]?
        var dependencies: [Dependency]
    }

    var targets: [Target]
}

func dumpedPackage() throws -> Package {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["swift", "package", "dump-package"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let text = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return try JSONDecoder().decode(Package.self, from: text)
}

let targets = try dumpedPackage().targets
let direct = Dictionary(uniqueKeysWithValues: targets.map { ($0.name, $0.dependencies.compactMap(\.name)) })
var checked = 0
for target in targets {
    var reached: Set<String> = []
    var open = [target.name]
    while let name = open.popLast() { if reached.insert(name).inserted { open += direct[name] ?? [] } }
    let folder = target.path ?? (target.type == "test" ? "Tests/" : "Sources/") + target.name
    let paths = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    for path in paths where path.hasSuffix(".swift") && target.sources?.contains(where: path.hasPrefix) ?? true {
        for name in try File("\(folder)/\(path)").imports.sorted() where direct[name] != nil {
            checked += 1
            if !reached.contains(name) {
                complain("\(folder)/\(path) imports \(name), on which the target \(target.name) does not depend")
            }
        }
    }
}
print("\(targets.count) targets, \(checked) imports of each other")
exit(faults == 0 ? 0 : 1)
