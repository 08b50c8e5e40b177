// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "PromptFerry",
  platforms: [.macOS(.v15)],
  products: [
    .library(
      name: "PromptTransfer", targets: ["PromptTransfer", "LanguageModels", "Tokenization", "Tensors"]),
    .library(name: "Hub", targets: ["Hub"]),
    .executable(name: "promptferry", targets: ["promptferry"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
  ],
  targets: [
    // Each target depends only on those above it.
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-pthread-dev"]), .brew(["openblas"])]),
    .target(
      name: "CBLAS",
      dependencies: [.target(name: "COpenBLAS", condition: .when(platforms: [.linux]))],
      linkerSettings: [.linkedFramework("Accelerate", .when(platforms: [.macOS]))]),
    .target(name: "CKernels"),
    .target(name: "Formats", dependencies: ["CKernels"]),
    .target(name: "Tensors", dependencies: ["CBLAS", "CKernels"]),
    .target(
      name: "CUDA", dependencies: ["Formats", "Tensors"], resources: [.embedInCode("Kernels/kernels.cu")]),
    .target(name: "Checkpoints", dependencies: ["CKernels", "Formats", "Tensors"]),
    .target(name: "Tokenization", dependencies: ["Formats"]),
    .target(name: "LanguageModels", dependencies: ["Tensors", "CUDA", "Checkpoints"]),
    .target(name: "PromptTransfer", dependencies: ["LanguageModels", "Tokenization"]),
    .target(name: "Experiments", dependencies: ["PromptTransfer"]),
    // Beside PromptTransfer: it has to know which files tokenizers and models are opened from, and nothing of prompts.
    .target(name: "Hub", dependencies: ["LanguageModels", "Tokenization"]),
    .executableTarget(
      name: "promptferry",
      dependencies: [
        "PromptTransfer", "Experiments", "Hub",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      plugins: ["Revision"]),
    .plugin(name: "Revision", capability: .buildTool(), exclude: ["revision.sh"]),

    // Measures speed; not installed.
    .executableTarget(
      name: "promptferry-bench",
      dependencies: ["PromptTransfer", .product(name: "ArgumentParser", package: "swift-argument-parser")]),

    // The kernels for GPUs, compiled for this processor.
    .target(name: "CUDAEmulation", path: "Tests/CUDAEmulation"),
    .target(
      name: "TestSupport", dependencies: ["PromptTransfer", "Experiments", "Hub", "CUDAEmulation"],
      path: "Tests/TestSupport"),
    .testTarget(name: "FormatsTests", dependencies: ["TestSupport"]),
    .testTarget(name: "TensorsTests", dependencies: ["TestSupport"]),
    .testTarget(name: "CheckpointsTests", dependencies: ["TestSupport"]),
    .testTarget(
      name: "TokenizationTests", dependencies: ["TestSupport"], resources: [.copy("Fixtures")]),
    .testTarget(name: "LanguageModelsTests", dependencies: ["TestSupport"]),
    .testTarget(name: "PromptTransferTests", dependencies: ["TestSupport"]),
    .testTarget(name: "ExperimentsTests", dependencies: ["TestSupport"]),
    .testTarget(name: "HubTests", dependencies: ["TestSupport"]),
    .testTarget(name: "FuzzTests", dependencies: ["TestSupport"]),
    .testTarget(
      name: "CommandTests", dependencies: ["TestSupport", "promptferry", "promptferry-bench"]),
  ],
  cxxLanguageStandard: .cxx17
)
