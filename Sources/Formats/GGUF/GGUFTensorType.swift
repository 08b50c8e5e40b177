/// ggml's element types, by their numbers in a file, with the elements and bytes of a block of each.
package struct GGUFTensorType: Sendable {
  package let name: String
  let number: UInt32
  let blockLength: Int
  let blockBytes: Int

  init?(number: UInt32) {
    guard let known = Self.known[number] else { return nil }
    (name, blockLength, blockBytes) = known
    self.number = number
  }

  /// The type whose elements are Float32.
  package static let float32 = GGUFTensorType(name: "F32", number: 0, blockLength: 1, blockBytes: 4)

  private init(name: String, number: UInt32, blockLength: Int, blockBytes: Int) {
    (self.name, self.number, self.blockLength, self.blockBytes) = (name, number, blockLength, blockBytes)
  }

  /// The bytes of a tensor of that shape, whose rows must be whole blocks.
  package func byteCount(_ shape: [Int]) -> Int { shape.reduce(1, *) / blockLength * blockBytes }

  /// Those that are not read here are known all the same: their files may hold other tensors that are.
  private static let known: [UInt32: (String, Int, Int)] = [
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 40), 10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210),
    15: ("Q8_K", 256, 292), 16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50), 20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136), 24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8),
    28: ("F64", 1, 8), 29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66), 39: ("MXFP4", 32, 17), 40: ("NVFP4", 64, 36), 41: ("Q1_0", 128, 18),
  ]
}
