import ArgumentParser
import Datasets
import MPI
import Models

/// `--model`: a kind of linear model, or a network by its name.
struct ModelChoice: ExpressibleByArgument {
    let text: String
    let kind: ModelKind
    let network: NetworkDescription?

    /// A name with widths that make no sense is taken here and refused by `check`, which can say why.
    init?(argument: String) {
        text = argument
        if let kind = ModelKind(rawValue: argument) {
            self.kind = kind
            network = nil
        } else if argument == Self.listed {
            kind = .auto
            network = nil
        } else if let network = try? NetworkDescription(name: argument) {
            kind = .auto
            self.network = network
        } else {
            return nil
        }
    }

    /// The network is the list of layers.
    static let listed = "network"

    static var allValueStrings: [String] {
        ModelKind.allCases.map(\.rawValue) + NetworkDescription.names + [listed]
    }
}

/// `--standardize`.
enum StandardizeChoice: String, WordOption {
    case auto, mixed, zscore, maxabs, unit, none
}

extension StandardizeChoice {
    /// nil: chosen by the density.
    var kind: StandardizationKind? {
        switch self {
        case .auto: nil
        case .mixed: .mixed
        case .zscore: .zscore
        case .maxabs: .maxabs
        case .unit: .unit
        case .none: StandardizationKind.none
        }
    }
}
