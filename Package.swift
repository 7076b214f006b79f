// swift-tools-version: 6.0
import PackageDescription

// Open MPI by default; `CRESCENDO_MPI=mpich swift build` builds the same sources against MPICH.
let mpi = Context.environment["CRESCENDO_MPI"] ?? "ompi-c"

// For `make fuzz`: one program in place of the tests, which holds the readers of files and takes its `main` from libFuzzer.
let isFuzzing = Context.environment["CRESCENDO_FUZZ"] != nil

let programParts: [Target.Dependency] = [
    "MPI", "Kernels", "Platform", "Datasets", "Models", "BigBatch", "Telemetry", "Yams", "CZlib",
    .product(name: "ArgumentParser", package: "swift-argument-parser"),
]
let fuzzedParts: [Target.Dependency] = [
    "crescendo", "BigBatch", "CZlib", "Datasets", "Kernels", "Models", "MPI", "Platform", "Telemetry",
]

let program: [Target] =
    isFuzzing
    ? [
        .target(
            name: "crescendo", dependencies: programParts,
            swiftSettings: [.unsafeFlags(["-Xfrontend", "-entry-point-function-name", "-Xfrontend", "crescendo_main"])]),
        .executableTarget(
            name: "reader-fuzzer", dependencies: fuzzedParts, path: "Tests/Fuzz",
            exclude: ["Replay", "corpus", "refresh", "run"],
            sources: ["Readers", "Engine"]),
    ]
    : [
        .executableTarget(name: "crescendo", dependencies: programParts),
        .testTarget(
            name: "FuzzTests", dependencies: fuzzedParts, path: "Tests/Fuzz",
            exclude: ["Engine", "corpus", "refresh", "run"],
            sources: ["Readers", "Replay"]),
    ]

let package = Package(
    name: "crescendo",
    products: (isFuzzing ? [] : [.executable(name: "crescendo", targets: ["crescendo"])]) + [
        .library(name: "BigBatch", targets: ["BigBatch", "Models", "Datasets", "MPI", "Telemetry"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "CMPI", pkgConfig: mpi, providers: [.apt(["libopenmpi-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CKernels"),
        .target(name: "Platform"),
        .target(name: "MPI", dependencies: ["CMPI", "Platform"]),
        .target(name: "Kernels", dependencies: ["CKernels", "Platform"]),
        .target(name: "Datasets", dependencies: ["MPI", "Kernels", "Platform", "CZlib"]),
        .target(name: "Models", dependencies: ["CKernels", "Kernels", "Platform", "Datasets"]),
        .target(name: "BigBatch", dependencies: ["MPI", "Kernels", "Platform", "Datasets", "Models"]),
        .target(name: "Telemetry", dependencies: ["BigBatch", "Platform", "Datasets"], exclude: ["Schemas"]),
        .executableTarget(
            name: "paper-figure",
            dependencies: [
                "MPI", "Datasets", "Models", "BigBatch", "Telemetry",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Benchmarks/Paper", exclude: ["measured"]),
        .executableTarget(name: "mpi-scenarios", dependencies: ["MPI", "Platform"], path: "Tests/MPIScenarios"),
        .executableTarget(
            name: "convergence", dependencies: ["MPI", "Kernels", "Datasets", "Models", "BigBatch", "Telemetry"],
            path: "Benchmarks/Convergence"),
        .executableTarget(
            name: "kernel-benchmark", dependencies: ["MPI", "Kernels", "Platform", "Datasets", "Models", "CProbes"],
            path: "Benchmarks/Kernels"),
        .target(name: "CProbes", path: "Benchmarks/CProbes"),
        .executableTarget(
            name: "network-benchmark",
            dependencies: ["MPI", "Kernels", "Platform", "Datasets", "Models", "BigBatch", "Telemetry"],
            path: "Benchmarks/Networks", exclude: ["Peers", "measured", "run"]),
        .executableTarget(
            name: "loading-benchmark", dependencies: ["MPI", "Kernels", "Platform", "Datasets"],
            path: "Benchmarks/Loading"),
        .executableTarget(
            name: "latency-switch", dependencies: ["Platform"], path: "Benchmarks/Latency", exclude: ["run"]),
        .target(name: "TestSupport", dependencies: ["MPI", "Platform"], path: "Tests/TestSupport"),
        .testTarget(name: "MPITests", dependencies: ["MPI", "Platform"]),
        .testTarget(name: "MPIMustFailTests", dependencies: ["MPI", "mpi-scenarios"]),
        .testTarget(name: "KernelsTests", dependencies: ["Kernels"]),
        .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "MPI", "TestSupport"]),
        .testTarget(name: "ModelsTests", dependencies: ["Models", "Datasets", "Kernels"]),
        .testTarget(
            name: "BigBatchTests", dependencies: ["BigBatch", "Models", "Datasets", "MPI", "TestSupport"]),
        .testTarget(name: "TelemetryTests", dependencies: ["Telemetry"]),
        .testTarget(
            name: "EndToEndTests", dependencies: ["crescendo", "MPI", "Datasets", "Telemetry", "TestSupport"],
            path: "Tests/EndToEnd"),
    ] + program,
    swiftLanguageModes: [.v6]
)
