import Foundation

/// Every way of carrying, by name: what the command, experiments and prompt files go by.
public enum MethodRegistry {
  public static let all: [any TransferMethod.Type] = [
    CanonicalMap.self, RelativeSearch.self, LinearMap.self, Procrustes.self, NeuralProjector.self,
    StartAndChange.self, MatchingPursuit.self, Neighbours.self, NearestWord.self, WeightedWords.self,
    Copy.self,
    RandomVectors.self,
    NormalVectors.self, MeanVector.self, ShuffledAnchors.self, RandomSpectrum.self, AnyMethod.self,
  ]

  /// The names of all methods and presets.
  public static var names: [String] { all.map { $0.name } + MethodPreset.all.map(\.name) }

  public static func type(named name: String) -> (any TransferMethod.Type)? { all.first { $0.name == name } }

  /// A method with these settings and the defaults of all others; or a preset, whose own settings these come before.
  /// Throws where there is no such method or setting, or a value is out of its range; the error's subject is the name concerned,
  /// of the setting or of the method.
  public static func method(
    named name: String, _ settings: [String: Setting] = [:]
  ) throws(TransferError) -> any TransferMethod {
    if let preset = MethodPreset.all.first(where: { $0.name == name }) {
      return try method(named: preset.method, preset.settings(with: settings))
    }
    guard let type = type(named: name) else {
      throw TransferError(name, "is no method; there are: \(names.joined(separator: ", "))")
    }
    for setting in settings.keys.sorted() where !type.settingNames.contains(setting) {
      let owners = owners(of: setting)
      throw TransferError(
        setting,
        owners.isEmpty
          ? "is no setting; \(name) has: \(type.settingNames.joined(separator: ", "))"
          : "belongs to \(owners.joined(separator: ", "))")
    }
    do {
      return try JSONDecoder().decode(type, from: JSONEncoder().encode(settings))
    } catch let error as DecodingError {
      let (path, problem) = error.place
      throw TransferError(path.isEmpty ? name : path, problem)
    } catch {
      throw TransferError(name, "\(error)")
    }
  }

  /// All settings of a method, defaults filled in.
  public static func settings(of method: any TransferMethod) -> [String: Setting] {
    guard let data = try? JSONEncoder().encode(method),
      let settings = try? JSONDecoder().decode([String: Setting].self, from: data)
    else { return [:] }  // plain values: always encodable
    return settings
  }

  /// The names of the methods that have a setting.
  public static func owners(of setting: String) -> [String] {
    all.filter { $0.settingNames.contains(setting) }.map { $0.name }
  }
}
