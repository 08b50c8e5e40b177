import Formats
import Foundation

/// A JSON value together with where it stands, so that whatever is wrong with it can be told in one line.
struct Field {
  let file: String
  let path: String
  let value: JSON

  /// Reads a whole JSON file.
  init(contentsOf url: URL, as dialect: JSON.Dialect = .strict) throws(TokenizationError) {
    let data = try FileText.data(of: url)
    do throws(JSONError) {
      value = try JSON.parse(data, as: dialect)
    } catch {
      throw TokenizationError(
        file: url.path, expected: "valid JSON", found: error.description,
        hint: "the file may be truncated; fetch it again")
    }
    file = url.path
    path = ""
  }

  private init(file: String, path: String, value: JSON) {
    self.file = file
    self.path = path
    self.value = value
  }

  /// The member of that name; nil where it is absent or null, as in serde's `Option`.
  func optional(_ key: String) -> Field? {
    guard let member = value[key], !member.isNull else { return nil }
    return Field(file: file, path: path.isEmpty ? key : "\(path).\(key)", value: member)
  }

  func member(_ key: String) throws(TokenizationError) -> Field {
    if let member = optional(key) { return member }
    throw TokenizationError(
      file: file, field: path.isEmpty ? key : "\(path).\(key)", expected: "a value",
      found: value.members == nil ? kind : "nothing")
  }

  func elements() throws(TokenizationError) -> [Field] {
    guard let array = value.array else { throw unexpected("an array") }
    return array.indices.map { Field(file: file, path: "\(path)[\($0)]", value: array[$0]) }
  }

  func members() throws(TokenizationError) -> [(key: String, value: Field)] {
    guard let members = value.members else { throw unexpected("an object") }
    return members.map { ($0.key, Field(file: file, path: "\(path).\($0.key)", value: $0.value)) }
  }

  func string() throws(TokenizationError) -> String {
    guard let string = value.string else { throw unexpected("a string") }
    return string
  }

  /// A string of one Unicode scalar.
  func scalar() throws(TokenizationError) -> Unicode.Scalar {
    let scalars = try string().unicodeScalars
    guard let scalar = scalars.first, scalars.count == 1 else { throw unexpected("one character") }
    return scalar
  }

  func bool() throws(TokenizationError) -> Bool {
    guard let bool = value.bool else { throw unexpected("true or false") }
    return bool
  }

  /// A token id.
  func id() throws(TokenizationError) -> Int {
    guard let id = value.int, Vocabulary.idRange.contains(id) else { throw unexpected(Vocabulary.idRule) }
    return id
  }

  /// The boolean member of that name, or the default where it is absent or null.
  func flag(_ key: String, default standard: Bool) throws(TokenizationError) -> Bool {
    guard let field = optional(key) else { return standard }
    return try field.bool()
  }

  /// The string member of that name, where it is there.
  func text(_ key: String) throws(TokenizationError) -> String? {
    guard let field = optional(key) else { return nil }
    return try field.string()
  }

  func unexpected(_ expected: String, hint: String? = nil) -> TokenizationError {
    TokenizationError(
      file: file, field: path.isEmpty ? nil : path, expected: expected, found: kind, hint: hint)
  }

  /// The error for a component type that this package does not know, naming it.
  func unknownType(_ role: String, known: [String]) -> TokenizationError {
    TokenizationError(
      file: file, field: path.isEmpty ? "type" : "\(path).type",
      expected: "a \(role) among \(known.joined(separator: ", "))", found: optional("type")?.kind ?? kind,
      hint: "this \(role) is not supported")
  }

  /// The value in a few words.
  private var kind: String {
    switch value {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let value): value.count > 40 ? "a string of \(value.count) characters" : "\"\(value)\""
    case .array(let elements): "an array of \(elements.count)"
    case .object(let members): "an object of \(members.count)"
    }
  }
}
