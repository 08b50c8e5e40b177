import Checkpoints
import Formats
import Foundation
import Tensors

/// Typed access to the members of a `config.json`; null counts as absent. Every method throws an error that names the member.
struct ConfigurationFields {
  fileprivate let json: JSON
  private let file: URL
  /// What members of a nested object are called in errors, before their own names.
  private let place: String

  init(_ json: JSON, file: URL, place: String = "") {
    self.json = json
    self.file = file
    self.place = place
  }

  /// The value of a member, absent where it is null.
  subscript(key: String) -> JSON? {
    guard let found = json[key], !found.isNull else { return nil }
    return found
  }

  func error(_ key: String, _ problem: String, hint: String? = nil) -> CheckpointError {
    CheckpointError(file: file, item: place + key, problem, hint: hint)
  }

  /// The members of an object; nil where it is absent.
  func nested(_ key: String) -> ConfigurationFields? {
    self[key].map { ConfigurationFields($0, file: file, place: "\(place)\(key).") }
  }

  func value<Value>(
    _ key: String, _ kind: String, _ read: (JSON) -> Value?
  ) throws(CheckpointError) -> Value? {
    guard let found = self[key] else { return nil }
    guard let value = read(found) else { throw error(key, "is not \(kind)") }
    return value
  }

  /// A whole number.
  func size(
    _ key: String, default value: Int? = nil, atLeast least: Int = 1, atMost most: Int = 1 << 30
  ) throws(CheckpointError) -> Int {
    let found = try self.value(key, "a whole number from \(least) to \(most)") { json in
      json.int.flatMap { $0 >= least && $0 <= most ? $0 : nil }
    }
    guard let number = found ?? value else { throw error(key, "is missing") }
    return number
  }

  /// What factors, bases and scales are at most, and positive ones at least: no model has such, and beyond them scores would come
  /// out, all alike.
  static let scales = 1e-6...1e12

  func number(_ key: String, atMost most: Double = scales.upperBound) throws(CheckpointError) -> Double? {
    try value(key, "a number from 0 to \(most)") { json in
      json.double.flatMap { (0...most).contains($0) ? $0 : nil }
    }
  }

  func positive(_ key: String) throws(CheckpointError) -> Double? {
    try value(key, "a positive number from \(Self.scales.lowerBound) to \(Self.scales.upperBound)") { json in
      json.double.flatMap { Self.scales.contains($0) ? $0 : nil }
    }
  }

  func flag(_ key: String, default value: Bool) throws(CheckpointError) -> Bool {
    try self.value(key, "true or false", \.bool) ?? value
  }

  /// What is added to a variance. The largest in use is 1e-3; a large one makes all scores alike.
  func epsilon(_ key: String, default value: Float) throws(CheckpointError) -> Float {
    try number(key, atMost: 0.1).map { Float($0) } ?? value
  }

  /// - Parameter key: nil where the file has no say in it
  func activation(
    _ key: String?, default value: String
  ) throws(CheckpointError) -> (name: String, function: ActivationFunction) {
    let stated = try key.flatMap { (key) throws(CheckpointError) in try self.value(key, "a name", \.string) }
    let name = stated ?? value
    guard let function = ActivationFunction(name: name) else {
      throw error(
        key ?? "", "\(name) is not supported",
        hint: "Known: gelu, gelu_new, gelu_pytorch_tanh, relu, silu, quick_gelu")
    }
    return (name, function)
  }

  /// Throws where the member is there and is not what it has to be.
  func refuse(_ key: String, unless isHarmless: (JSON) -> Bool) throws(CheckpointError) {
    guard let found = self[key], !isHarmless(found) else { return }
    if found.bool == false { throw error(key, "being false is not supported") }
    throw error(key, found.string.map { "\($0) is not supported" } ?? "is not supported")
  }

  /// Throws where one of the switches is on.
  func refuseOn(_ keys: String...) throws(CheckpointError) {
    for key in keys where self[key]?.bool == true { throw error(key, "is not supported") }
  }
}

extension ConfigurationFields {
  /// Whether the member is there, null or not: some defaults are for absent ones only.
  func has(_ key: String) -> Bool { json[key] != nil }

  /// How many tokens a window has; nil where it is null: no window.
  func window(_ key: String, absent: Int?) throws(CheckpointError) -> Int? {
    guard has(key) else { return absent }
    return self[key] == nil ? nil : try size(key)
  }
}
