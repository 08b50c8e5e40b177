/// What a post-processor puts around one sequence. What it does to pairs and to offsets is not needed here.
struct PostProcessor: Sendable, Equatable {
  var prefix: [Int] = []
  var suffix: [Int] = []

  /// `RobertaProcessing` and `BertProcessing`: `cls … sep`.
  init(first: Int, last: Int) {
    prefix = [first]
    suffix = [last]
  }

  init() {}

  /// The post-processor that this object of a tokenizer.json describes.
  init(_ field: Field) throws(TokenizationError) {
    switch try field.member("type").string() {
    case "Sequence":
      for element in try field.member("processors").elements() {
        let outer = try PostProcessor(element)
        prefix = outer.prefix + prefix
        suffix += outer.suffix
      }
    case "ByteLevel": break  // it moves offsets only
    case "RobertaProcessing", "BertProcessing":
      prefix = [try Self.tokenWithId(try field.member("cls"))]
      suffix = [try Self.tokenWithId(try field.member("sep"))]
    case "TemplateProcessing": try readTemplate(field)
    default:
      throw field.unknownType(
        "post-processor",
        known: ["Sequence", "ByteLevel", "RobertaProcessing", "BertProcessing", "TemplateProcessing"])
    }
  }

  /// The id in `["token", id]`.
  private static func tokenWithId(_ field: Field) throws(TokenizationError) -> Int {
    let pair = try field.elements()
    guard pair.count == 2 else { throw field.unexpected("[token, id]") }
    return try pair[1].id()
  }

  /// Reads the template `single`: special tokens around one sequence A.
  private mutating func readTemplate(_ field: Field) throws(TokenizationError) {
    let single = try field.member("single")
    var hasSequence = false
    for piece in try single.elements() {
      if let sequence = piece.optional("Sequence") {
        guard !hasSequence, try sequence.text("id") == "A" else {
          throw piece.unexpected("sequence A, once", hint: "other templates are not supported")
        }
        hasSequence = true
      } else {
        let name = try piece.member("SpecialToken").member("id")
        let token = try field.member("special_tokens").member(try name.string())
        var ids: [Int] = []
        for id in try token.member("ids").elements() { ids.append(try id.id()) }
        if hasSequence { suffix += ids } else { prefix += ids }
      }
    }
    guard hasSequence else { throw single.unexpected("a template with sequence A") }
  }
}
