// swift-tools-version: 6.0
import PackageDescription

// Open MPI by default; `CRESCENDO_MPI=mpich swift build` builds the same sources against MPICH.
let mpi = Context.environment["CRESCENDO_MPI"] ?? "ompi-c"

// For `make fuzz`: one program in place of the tests, which holds the readers of files and takes its `main` from libFuzzer.
let isFuzzing = Context.environment["CRESCENDO_FUZZ"] != nil

let programParts: [Target.Dependency] = [
    "MPI", "Kernels", "Platform", "Datasets", "Models", "BigBatch", "Selection", "Evaluation", "Telemetry", "Runs",
    "Cluster", "Pages", "Watch", "Planning", "CYAML",
    .product(name: "ArgumentParser", package: "swift-argument-parser"),
]
let fuzzedParts: [Target.Dependency] = [
    "crescendo", "BigBatch", "Datasets", "Kernels", "Models", "MPI", "Pages", "Planning", "Platform", "Runs",
    "Telemetry",
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
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        .systemLibrary(name: "CMPI", pkgConfig: mpi, providers: [.apt(["libopenmpi-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CCodecs"),
        .target(name: "CKernels"),
        .target(name: "Platform", dependencies: ["CZlib"]),
        .target(name: "MPI", dependencies: ["CMPI", "Platform"]),
        .target(name: "Kernels", dependencies: ["CKernels", "Platform"]),
        .target(name: "Datasets", dependencies: ["MPI", "Kernels", "Platform", "CZlib", "CCodecs"]),
        .target(name: "Models", dependencies: ["CKernels", "Kernels", "Platform", "Datasets"]),
        .target(name: "BigBatch", dependencies: ["MPI", "Kernels", "Platform", "Datasets", "Models"]),
        .target(
            name: "Selection", dependencies: ["MPI", "Kernels", "Platform", "Datasets", "Models", "BigBatch"]),
        .target(name: "Evaluation", dependencies: ["MPI", "Kernels", "Platform", "Datasets", "Models"]),
        .target(name: "Telemetry", dependencies: ["BigBatch", "Platform", "Datasets"], exclude: ["Schemas"]),
        .target(name: "Cluster", dependencies: ["MPI", "Kernels", "Platform", "Datasets", "Models", "Telemetry"]),
        .target(
            name: "Runs",
            dependencies: [
                "MPI", "Kernels", "Platform", "Datasets", "Models", "BigBatch", "Selection", "Evaluation", "Telemetry",
                "Cluster",
            ]),
        .target(name: "Pages", dependencies: ["Platform", "BigBatch", "Selection", "Evaluation", "Telemetry", "Runs"]),
        .target(name: "Watch", dependencies: ["Platform", "BigBatch", "Telemetry", "Runs"]),
        .target(
            name: "Planning",
            dependencies: [
                "MPI", "Kernels", "Platform", "Datasets", "Models", "BigBatch", "Evaluation", "Telemetry", "Cluster",
                "Runs", "Pages",
            ]),
        .executableTarget(
            name: "paper-figure",
            dependencies: [
                "MPI", "Platform", "Datasets", "Models", "BigBatch", "Telemetry", "Pages",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Benchmarks/Paper", exclude: ["measured"]),
        .executableTarget(name: "mpi-scenarios", dependencies: ["MPI", "Platform"], path: "Tests/MPIScenarios"),
        .executableTarget(
            name: "convergence",
            dependencies: ["MPI", "Kernels", "Platform", "Datasets", "Models", "BigBatch", "Telemetry"],
            path: "Benchmarks/Convergence", exclude: ["synthetic.py"]),
        .executableTarget(
            name: "kernel-benchmark", dependencies: ["MPI", "Kernels", "Platform", "Datasets", "Models", "CProbes"],
            path: "Benchmarks/Kernels"),
        .target(name: "CProbes", path: "Benchmarks/CProbes"),
        .executableTarget(
            name: "network-benchmark",
            dependencies: ["MPI", "Kernels", "Platform", "Datasets", "Models", "BigBatch", "Telemetry"],
            path: "Benchmarks/Networks", exclude: ["Peers", "measured", "run"]),
        .executableTarget(
            name: "scale-benchmark", dependencies: ["MPI", "Kernels", "Platform", "Datasets", "Models", "BigBatch"],
            path: "Benchmarks/Scale", exclude: ["run"]),
        .executableTarget(
            name: "loading-benchmark", dependencies: ["MPI", "Kernels", "Platform", "Datasets"],
            path: "Benchmarks/Loading"),
        .executableTarget(
            name: "latency-switch", dependencies: ["Platform"], path: "Benchmarks/Latency", exclude: ["run"]),
        .target(name: "TestSupport", dependencies: ["MPI", "Platform", "BigBatch"], path: "Tests/TestSupport"),
        .testTarget(name: "PlatformTests", dependencies: ["Platform", "TestSupport"]),
        .testTarget(name: "MPITests", dependencies: ["MPI", "Platform"]),
        .testTarget(name: "MPIMustFailTests", dependencies: ["MPI", "mpi-scenarios"]),
        .testTarget(name: "KernelsTests", dependencies: ["Kernels"]),
        .testTarget(
            name: "DatasetsTests", dependencies: ["Datasets", "MPI", "TestSupport"], exclude: ["Fixtures"]),
        .testTarget(name: "ModelsTests", dependencies: ["Models", "Datasets", "Kernels"]),
        .testTarget(
            name: "BigBatchTests", dependencies: ["BigBatch", "Models", "Datasets", "MPI", "TestSupport"]),
        .testTarget(
            name: "SelectionTests", dependencies: ["Selection", "BigBatch", "Models", "Datasets", "MPI", "TestSupport"]),
        .testTarget(name: "EvaluationTests", dependencies: ["Evaluation", "TestSupport"]),
        .testTarget(name: "TelemetryTests", dependencies: ["Telemetry", "Pages", "Watch", "TestSupport"]),
        .testTarget(name: "ClusterTests", dependencies: ["Cluster"]),
        .testTarget(name: "RunsTests", dependencies: ["Runs", "TestSupport"]),
        .testTarget(name: "PagesTests", dependencies: ["Pages", "TestSupport"]),
        .testTarget(name: "WatchTests", dependencies: ["Watch", "TestSupport"]),
        .testTarget(name: "PlanningTests", dependencies: ["Planning", "TestSupport"]),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["crescendo", "MPI", "Datasets", "Telemetry", "Cluster", "Runs", "Planning", "TestSupport"],
            path: "Tests/EndToEnd"),
    ] + program,
    swiftLanguageModes: [.v6]
)
