import Foundation
import Synchronization
import Tensors

/// cuBLASLt, which multiplies with weights.
///
/// Its kernel is chosen once for a product, by its heuristics at a usual number of rows, without kernels that part a sum among blocks, and
/// kept for every number of rows: so what becomes of a row does not depend on how many there are.
final class Products: @unchecked Sendable {
  private typealias Status = Int32
  private typealias Handle = OpaquePointer?

  let path: String
  private let calls: Calls
  private let handle: OpaquePointer?
  private let device: String
  private let chosen: Mutex<[Form: Choice]> = Mutex([:])

  /// Bytes that a stream keeps for its products.
  static let workspaceSize = 32 << 20

  /// As `cublasLt.h` has them.
  private struct Calls: Sendable {
    let create: @convention(c) (UnsafeMutablePointer<Handle>) -> Status
    let makeDescription: @convention(c) (UnsafeMutablePointer<Handle>, Int32, Int32) -> Status
    let destroyDescription: @convention(c) (Handle) -> Status
    let setDescription: @convention(c) (Handle, Int32, UnsafeRawPointer, Int) -> Status
    let makeLayout: @convention(c) (UnsafeMutablePointer<Handle>, Int32, UInt64, UInt64, Int64) -> Status
    let destroyLayout: @convention(c) (Handle) -> Status
    let makePreference: @convention(c) (UnsafeMutablePointer<Handle>) -> Status
    let destroyPreference: @convention(c) (Handle) -> Status
    let setPreference: @convention(c) (Handle, Int32, UnsafeRawPointer, Int) -> Status
    let choose:
      @convention(c) (
        Handle, Handle, Handle, Handle, Handle, Handle, Handle, Int32, UnsafeMutableRawPointer,
        UnsafeMutablePointer<Int32>
      ) -> Status
    let check:
      @convention(c) (
        Handle, Handle, Handle, Handle, Handle, Handle, UnsafeRawPointer, UnsafeMutableRawPointer
      ) -> Status
    let multiply:
      @convention(c) (
        Handle, Handle, UnsafeRawPointer, UInt64, Handle, UInt64, Handle, UnsafeRawPointer, UInt64, Handle,
        UInt64, Handle, UnsafeRawPointer, UInt64, Int, Handle
      ) -> Status
  }

  /// Numbers of the headers: CUDA_R_32F, CUDA_R_16BF, CUDA_R_16F, CUBLAS_COMPUTE_32F and the attributes that are set.
  private enum Number {
    static let (float, bfloat16, float16, computeFloat): (Int32, Int32, Int32, Int32) = (0, 14, 2, 68)
    static let (transposesWeight, epilogue, bias): (Int32, Int32, Int32) = (3, 7, 8)
    static let (yes, withBias): (Int32, Int32) = (1, 4)
    static let (workspace, reductions): (Int32, Int32) = (1, 3)
    static let firstAlignment: Int32 = 5
    static let (choiceSize, stateOffset, workspaceOffset) = (96, 72, 64)
  }

  /// All of a product but its rows and where its numbers are.
  fileprivate struct Form: Hashable {
    let precision: Precision
    let outputs, inputs, xStride, yStride: Int
    let isTransposed, yIsFloat, hasBias, hasAddend: Bool
    /// Of weight, rows, addend and result: up to 16 bytes.
    let alignments: [UInt32]
  }

  private struct Choice: Sendable {
    /// `cublasLtMatmulAlgo_t`
    let algorithm: [UInt64]
    let workspace: Int
  }

  init(device: String) throws(DeviceError) {
    let library = try SharedLibrary(
      "cuBLASLt, which multiplies (pip install nvidia-cublas-cu12)",
      names: SharedLibrary.names("libcublasLt.so", upTo: Driver.newestLibraries),
      folders: SharedLibrary.folders(ofWheel: "cublas", ProcessInfo.processInfo.environment))
    path = library.path
    self.device = device
    calls = Calls(
      create: try library.function("cublasLtCreate"),
      makeDescription: try library.function("cublasLtMatmulDescCreate"),
      destroyDescription: try library.function("cublasLtMatmulDescDestroy"),
      setDescription: try library.function("cublasLtMatmulDescSetAttribute"),
      makeLayout: try library.function("cublasLtMatrixLayoutCreate"),
      destroyLayout: try library.function("cublasLtMatrixLayoutDestroy"),
      makePreference: try library.function("cublasLtMatmulPreferenceCreate"),
      destroyPreference: try library.function("cublasLtMatmulPreferenceDestroy"),
      setPreference: try library.function("cublasLtMatmulPreferenceSetAttribute"),
      choose: try library.function("cublasLtMatmulAlgoGetHeuristic"),
      check: try library.function("cublasLtMatmulAlgoCheck"),
      multiply: try library.function("cublasLtMatmul"))
    var handle: OpaquePointer?
    let status = calls.create(&handle)
    guard status == 0 else {
      throw .failed(device: device, call: "cublasLtCreate", why: "status \(status)")
    }
    self.handle = handle
  }

  /// - Parameter workspace: ``workspaceSize`` bytes
  func multiply(_ product: DeviceProduct, stream: OpaquePointer?, workspace: UInt64) throws(DeviceError) {
    guard product.rows > 0 else { return }
    let form = Form(product)
    let choice = try choice(form)
    let shape = try Shape(form, rows: product.rows, bias: product.bias, self)
    var (one, more): (Float, Float) = (1, product.addend == 0 ? 0 : 1)
    let addend = product.addend == 0 ? product.y : product.addend
    try check(
      choice.algorithm.withUnsafeBytes { algorithm in
        guard let algorithm = algorithm.baseAddress else { return -1 }
        return calls.multiply(
          handle, shape.description, &one, product.weight, shape.weight, product.x, shape.rows, &more, addend,
          shape.result, product.y, shape.result, algorithm, workspace, choice.workspace, stream)
      }, "cublasLtMatmul")
  }

  private func check(_ status: Status, _ call: String) throws(DeviceError) {
    if status != 0 { throw .failed(device: device, call: "cuBLASLt, \(call)", why: "status \(status)") }
  }

  /// What stands for a bias where a kernel is chosen: its alignment counts.
  private static let aligned: UInt64 = 256

  /// Rows at which a kernel is chosen, and others that it must do as well.
  private static let (usualRows, otherRows) = (2048, [1, 3, 64, 1000, 65536])

  private func choice(_ form: Form) throws(DeviceError) -> Choice {
    if let known = chosen.withLock({ $0[form] }) { return known }
    let shape = try Shape(form, rows: Self.usualRows, bias: Self.aligned, self)
    var preference: OpaquePointer?
    try check(calls.makePreference(&preference), "cublasLtMatmulPreferenceCreate")
    defer { _ = calls.destroyPreference(preference) }
    func prefer(_ attribute: Int32, _ value: UInt64, bytes: Int) throws(DeviceError) {
      var value = value
      try check(calls.setPreference(preference, attribute, &value, bytes), "preference \(attribute)")
    }
    try prefer(Number.workspace, UInt64(Self.workspaceSize), bytes: 8)
    try prefer(Number.reductions, 0, bytes: 4)
    for (index, alignment) in form.alignments.enumerated() {
      try prefer(Number.firstAlignment + Int32(index), UInt64(alignment), bytes: 4)
    }
    let most = 16
    var found = [UInt8](repeating: 0, count: most * Number.choiceSize)
    var count: Int32 = 0
    try check(
      found.withUnsafeMutableBytes { found in
        guard let found = found.baseAddress else { return -1 }
        return calls.choose(
          handle, shape.description, shape.weight, shape.rows, shape.result, shape.result, preference,
          Int32(most), found, &count)
      }, "cublasLtMatmulAlgoGetHeuristic for \(form)")
    for index in 0..<Int(count) {
      let bytes = found[index * Number.choiceSize..<(index + 1) * Number.choiceSize]
      let (state, workspace, algorithm) = bytes.withUnsafeBytes {
        (
          $0.loadUnaligned(fromByteOffset: Number.stateOffset, as: Int32.self),
          $0.loadUnaligned(fromByteOffset: Number.workspaceOffset, as: Int.self),
          (0..<8).map { [bytes = $0] word in
            bytes.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self)
          }
        )
      }
      guard state == 0, workspace <= Self.workspaceSize else { continue }
      let choice = Choice(algorithm: algorithm, workspace: Self.workspaceSize)
      if try suits(choice, form) {
        chosen.withLock { $0[form] = choice }
        return choice
      }
    }
    throw .failed(device: device, call: "cuBLASLt", why: "it has no kernel for \(form)")
  }

  /// Whether it does other numbers of rows too.
  private func suits(_ choice: Choice, _ form: Form) throws(DeviceError) -> Bool {
    for rows in Self.otherRows {
      let shape = try Shape(form, rows: rows, bias: Self.aligned, self)
      var result = [UInt8](repeating: 0, count: Number.choiceSize)
      let status = choice.algorithm.withUnsafeBytes { algorithm in
        result.withUnsafeMutableBytes { result -> Status in
          guard let algorithm = algorithm.baseAddress, let found = result.baseAddress else { return -1 }
          return calls.check(
            handle, shape.description, shape.weight, shape.rows, shape.result, shape.result, algorithm, found)
        }
      }
      let (state, workspace) = result.withUnsafeBytes {
        (
          $0.loadUnaligned(fromByteOffset: Number.stateOffset, as: Int32.self),
          $0.loadUnaligned(fromByteOffset: Number.workspaceOffset, as: Int.self)
        )
      }
      if status != 0 || state != 0 || workspace > Self.workspaceSize { return false }
    }
    return true
  }
}

extension Products {
  /// A product as cuBLASLt has it, which counts columns first: the result's rows are its columns.
  private final class Shape {
    private(set) var description, weight, rows, result: OpaquePointer?
    private let calls: Calls

    init(_ form: Form, rows count: Int, bias: UInt64, _ products: Products) throws(DeviceError) {
      calls = products.calls
      let operand =
        switch form.precision {
        case .f32: Number.float
        case .bf16: Number.bfloat16
        case .f16: Number.float16
        }
      let (depth, width) = form.isTransposed ? (form.outputs, form.inputs) : (form.inputs, form.outputs)
      try products.check(
        calls.makeDescription(&description, Number.computeFloat, Number.float), "cublasLtMatmulDescCreate")
      if !form.isTransposed {
        var yes = Number.yes
        try products.check(calls.setDescription(description, Number.transposesWeight, &yes, 4), "transposing")
      }
      if form.hasBias {
        precondition(bias % 16 == 0, "cuBLASLt's kernels take it that biases are aligned")
        var (epilogue, bias) = (Number.withBias, bias)
        try products.check(calls.setDescription(description, Number.epilogue, &epilogue, 4), "the epilogue")
        try products.check(calls.setDescription(description, Number.bias, &bias, 8), "the bias")
      }
      try products.check(
        calls.makeLayout(&weight, operand, UInt64(form.inputs), UInt64(form.outputs), Int64(form.inputs)),
        "the weight's layout")
      try products.check(
        calls.makeLayout(&rows, operand, UInt64(depth), UInt64(count), Int64(form.xStride)),
        "the rows' layout")
      try products.check(
        calls.makeLayout(
          &result, form.yIsFloat ? Number.float : operand, UInt64(width), UInt64(count), Int64(form.yStride)),
        "the result's layout")
    }

    deinit {
      for layout in [weight, rows, result] where layout != nil { _ = calls.destroyLayout(layout) }
      if description != nil { _ = calls.destroyDescription(description) }
    }
  }
}

extension Products.Form {
  init(_ product: DeviceProduct) {
    func alignment(_ address: UInt64) -> UInt32 {
      UInt32(address == 0 ? 16 : 1 << min(4, address.trailingZeroBitCount))
    }
    self.init(
      precision: product.precision, outputs: product.outputs, inputs: product.inputs,
      xStride: product.xStride, yStride: product.yStride, isTransposed: product.isTransposed,
      yIsFloat: product.yIsFloat, hasBias: product.bias != 0, hasAddend: product.addend != 0,
      alignments: [product.weight, product.x, product.addend == 0 ? product.y : product.addend, product.y]
        .map(
          alignment))
  }
}
