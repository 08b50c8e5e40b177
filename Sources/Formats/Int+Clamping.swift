extension Int {
  /// The integer next to a number, or the largest or smallest there is; 0 for what is no number.
  package init(clamping value: Double) {
    self = value.isNaN ? 0 : value >= 0x1p63 ? .max : value < -0x1p63 ? .min : Int(value)
  }
}
