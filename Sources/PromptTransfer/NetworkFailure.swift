import LanguageModels

extension Network {
  /// Throws where what it runs on has failed, since when its numbers are none.
  /// - Parameter subject: what was being done, or with which model
  func requireDevice(_ subject: String) throws(TransferError) {
    guard let failure else { return }
    throw TransferError(
      subject, "\(failure)", hint: "A smaller --batch needs less memory; --device cpu does without")
  }
}
