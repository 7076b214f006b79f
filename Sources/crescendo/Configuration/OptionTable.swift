/// The options of `train` that a configuration file may set; keys are option names without dashes.
enum OptionTable {
    enum Kind {
        /// One value.
        case value
        /// One value that names a file or folder.
        case path
        /// A list of values (one alone needs no brackets).
        case values
        case paths
        /// true or false: `--key` or `--no-key`.
        case flag
    }

    static let kinds: [(key: String, kind: Kind)] = [
        ("data", .paths),
        ("model", .value), ("huber-delta", .value), ("network", .values), ("l2", .value), ("weight-decay", .value),
        ("standardize", .value), ("label-smoothing", .value), ("intercept", .flag),
        ("test", .paths), ("test-labels", .paths), ("validation", .value), ("storage", .value), ("cache", .path),
        ("augment", .value), ("format", .value), ("label", .value), ("labels", .paths), ("input-shape", .value),
        ("drop", .values), ("id", .values),
        ("weight", .value), ("header", .flag), ("zero-based", .flag),
        ("output", .path), ("overwrite", .flag), ("resume", .value), ("checkpoint-every", .value),
        ("tolerance", .value), ("max-epochs", .value),
        ("patience", .value),
        ("max-iterations", .value), ("time-limit", .value), ("end-time", .value), ("seed", .value), ("threads", .value),
        ("tensorboard", .flag), ("prometheus", .path), ("quiet", .flag),
        ("paper", .flag), ("step", .value), ("step-size", .value), ("step-decay", .value),
        ("sufficient-decrease", .value),
        ("direction", .value), ("optimizer", .value), ("momentum", .value), ("largest-batch", .value),
        ("growth", .value), ("preconditioner", .value), ("theta", .value),
        ("initial-batch", .value), ("micro-batch", .value), ("balance", .value), ("stall-timeout", .value),
        ("memory-limit", .value),
    ]

    static func kind(of key: String) -> Kind? { kinds.first { $0.key == key }?.kind }
}
