extension Vocabulary {
  /// The ids of `<0x00>` to `<0xFF>`, -1 where there is no such token.
  var byteTokens: [Int] {
    (0...0xFF).map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      return id(of: "<0x\(byte < 16 ? "0" : "")\(digits)>") ?? -1
    }
  }
}
