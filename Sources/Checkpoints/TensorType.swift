import CKernels

/// Element types of safetensors and of GGUF, by their names in the formats. Those narrower than a byte are recognised so
/// that a file that holds them can still be read for its other tensors.
package enum TensorType: String, Sendable {
  case bool = "BOOL"
  case f4 = "F4"
  case f6e2m3 = "F6_E2M3"
  case f6e3m2 = "F6_E3M2"
  case u8 = "U8"
  case i8 = "I8"
  case f8e5m2 = "F8_E5M2"
  case f8e4m3 = "F8_E4M3"
  case f8e8m0 = "F8_E8M0"
  case f8e4m3fnuz = "F8_E4M3FNUZ"
  case f8e5m2fnuz = "F8_E5M2FNUZ"
  case i16 = "I16"
  case u16 = "U16"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case i32 = "I32"
  case u32 = "U32"
  case float32 = "F32"
  case c64 = "C64"
  case f64 = "F64"
  case i64 = "I64"
  case u64 = "U64"

  // ggml's: blocks of elements with common scales. Safetensors has none of these.
  case q40 = "Q4_0"
  case q41 = "Q4_1"
  case q50 = "Q5_0"
  case q51 = "Q5_1"
  case q80 = "Q8_0"
  case q2K = "Q2_K"
  case q3K = "Q3_K"
  case q4K = "Q4_K"
  case q5K = "Q5_K"
  case q6K = "Q6_K"
  case iq4NL = "IQ4_NL"
  case iq4XS = "IQ4_XS"

  /// The type of that name in a safetensors file.
  init?(safetensors name: String) {
    guard let type = TensorType(rawValue: name), type.quantKind == nil else { return nil }
    self = type
  }

  /// ggml's number of a type that is stored in blocks; nil of one whose elements stand each by itself.
  var quantKind: QuantKind? {
    switch self {
    case .q40: QUANT_Q4_0
    case .q41: QUANT_Q4_1
    case .q50: QUANT_Q5_0
    case .q51: QUANT_Q5_1
    case .q80: QUANT_Q8_0
    case .q2K: QUANT_Q2_K
    case .q3K: QUANT_Q3_K
    case .q4K: QUANT_Q4_K
    case .q5K: QUANT_Q5_K
    case .q6K: QUANT_Q6_K
    case .iq4NL: QUANT_IQ4_NL
    case .iq4XS: QUANT_IQ4_XS
    default: nil
    }
  }

  /// Whether elements are stored in blocks with common scales.
  package var isQuantised: Bool { quantKind != nil }

  /// How many elements a block has: 1 where each stands by itself.
  package var blockLength: Int { quantKind.map { quant_block_length(CInt($0.rawValue)) } ?? 1 }

  /// The bytes of so many elements, which must be whole blocks and, of types narrower than a byte, whole bytes.
  package func byteCount(_ elements: Int) -> Int { elements / blockLength * bits / 8 }

  /// Of an element, or of a block.
  package var bits: Int {
    switch self {
    case .f4: 4
    case .f6e2m3, .f6e3m2: 6
    case .bool, .u8, .i8, .f8e5m2, .f8e4m3, .f8e8m0, .f8e4m3fnuz, .f8e5m2fnuz: 8
    case .i16, .u16, .float16, .bfloat16: 16
    case .i32, .u32, .float32: 32
    case .c64, .f64, .i64, .u64: 64
    default: quantKind.map { quant_block_bytes(CInt($0.rawValue)) * 8 } ?? 0
    }
  }
}
