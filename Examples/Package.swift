// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "Examples",
  platforms: [.macOS(.v15)],
  // Yours has the repository's url and a version here.
  dependencies: [.package(name: "PromptFerry", path: "..")],
  targets: [
    .executableTarget(
      name: "Tour", dependencies: [.product(name: "PromptTransfer", package: "PromptFerry")]),
    .executableTarget(
      name: "SharedWords",
      dependencies: [
        .product(name: "PromptTransfer", package: "PromptFerry"),
        .product(name: "Hub", package: "PromptFerry"),
      ]),
  ]
)
