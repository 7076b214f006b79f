// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "quantile",
    dependencies: [.package(name: "crescendo", path: "../..")],
    targets: [
        .executableTarget(name: "quantile", dependencies: [.product(name: "BigBatch", package: "crescendo")])
    ]
)
