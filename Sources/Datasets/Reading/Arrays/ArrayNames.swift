/// Which of several arrays are the rows and the labels: told by their names. Exact names (x, x_train, train_images) come
/// before those that only have such a word in them.
enum ArrayNames {
    enum Choice: Equatable {
        case none
        /// The number of the name, and whether it is of the rows to train on, to test on, ….
        case one(Int, Part)
        case several([Int])
    }

    enum Part: CaseIterable {
        case training, plain, test, validation

        fileprivate var words: Set<Substring> {
            switch self {
            case .training: ["train", "training", "tr"]
            case .plain: []
            case .test: ["test", "te"]
            case .validation: ["val", "valid", "validation", "dev"]
            }
        }
    }

    private static let rowWords: Set<Substring> = [
        "x", "data", "image", "images", "features", "inputs", "input", "samples",
    ]
    private static let labelWords: Set<Substring> = ["y", "label", "labels", "target", "targets", "classes"]

    /// Rows to train on are those of the training part, then those of none; later rows those of the test part.
    static func rows(_ names: [String], isTraining: Bool) -> Choice { choice(names, rowWords, "x", parts(isTraining)) }

    static func labels(_ names: [String], isTraining: Bool) -> Choice {
        choice(names, labelWords, "y", parts(isTraining))
    }

    /// The labels of rows of this part.
    static func labels(_ names: [String], of part: Part) -> Choice { choice(names, labelWords, "y", [part]) }

    static func part(of name: String) -> Part { part(words(name)) }

    private static func parts(_ isTraining: Bool) -> [Part] {
        isTraining ? [.training, .plain, .test, .validation] : [.test, .validation, .plain, .training]
    }

    private static func words(_ name: String) -> [Substring] { name.lowercased().split { !$0.isLetter } }

    private static func part(_ words: [Substring]) -> Part {
        Part.allCases.first { part in words.contains(where: part.words.contains) } ?? .plain
    }

    private static func choice(_ names: [String], _ kind: Set<Substring>, _ first: Substring, _ parts: [Part]) -> Choice
    {
        let all = names.map(words)
        for part in parts {
            let guesses = names.indices.filter { index in
                Self.part(all[index]) == part && all[index].contains(where: kind.contains)
            }
            let exact = guesses.filter { all[$0].count == (part == .plain ? 1 : 2) }
            for group in [exact.filter { all[$0].contains(first) }, exact, guesses] where !group.isEmpty {
                return group.count == 1 ? .one(group[0], part) : .several(group)
            }
        }
        return .none
    }
}
