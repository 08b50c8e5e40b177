import ArgumentParser
import Formats
import Foundation
import PromptTransfer

struct ConvertCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Rewrites a prompt in the form that another program reads.",
    discussion: """
      Examples:
        promptferry convert city.safetensors -o adapter --model gpt2
        promptferry convert city.safetensors -o model-with-prompt --to checkpoint --model zoo:bert-small
        promptferry convert prompt_vecs.npy -o city.safetensors --model bert-base-cased --template "[X] [V]*5 [Y] ."

      PEFT puts vectors before the text, of causal and sequence-to-sequence models. A checkpoint has them as tokens [V1], \
      [V2], … of a grown vocabulary, to be used anywhere in the text.
      """)

  enum Form: String, ExpressibleByArgument, CaseIterable, Encodable {
    case safetensors, npy, peft, checkpoint

    /// What a name's ending asks for: a folder is an adapter.
    init(path: String) { self = Form(rawValue: (path as NSString).pathExtension) ?? .peft }
  }

  @Argument(help: "A prompt file, a PEFT adapter's folder, or an .npy file.", completion: .file())
  var prompt: String
  @Option(name: [.short, .customLong("output")], help: "The file or folder to write.", completion: .file())
  var output: String
  @Option(help: "What to write (default: by the ending of --output; peft without .safetensors or .npy).")
  var to: Form?
  @Option(
    help: "The prompt's model. A file of our own says it for .npy and .safetensors.", completion: .directory)
  var model: String?
  @Option(help: PromptFile.templateHelp) var template: String?
  @Option(help: "Rows of an .npy file, zeros after the vectors: OptiPrompt's code wants 10.") var rows: Int?
  @OptionGroup var writing: OutputOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if rows != nil, form != .npy { throw ValidationError("--rows belongs to .npy files") }
    if let rows, !(1...65_536).contains(rows) {
      throw ValidationError("--rows wants a number from 1 to 65536")
    }
    if model == nil, form == .peft || form == .checkpoint {
      throw ValidationError("--model is missing, the model that the prompt is for")
    }
  }

  private var form: Form { to ?? Form(path: output) }

  struct Result: Encodable {
    let form: Form
    let input, output, template: String
    let model: String?
    /// What to give a checkpoint's model, with the subject for `[X]`.
    let text: String?
    let vectorCount, width: Int
  }

  func run() async throws {
    let destination = URL(fileURLWithPath: output)
    let source = URL(fileURLWithPath: prompt)
    let inputs = OutputOptions.Inputs(models: model.map { [$0] } ?? [], files: [source])
    if form == .peft || form == .checkpoint {
      try AtomicFolder.requireWritable(destination)
      try writing.refuse(destination, among: inputs)
    } else {
      try writing.check(destination, form == .npy ? .array : .prompt, reading: inputs)
    }
    let file = try PromptFile(
      source, template: try template.map { try Template($0) })
    var place: ModelPlace?
    if let model {
      place = try await common.model(model, form == .checkpoint ? .model : .embeddings, Interruption.shared)
    }
    let text = try write(file, to: destination, place)
    let result = Result(
      form: form, input: prompt, output: output, template: file.template.description,
      model: file.modelName ?? place?.name, text: text, vectorCount: file.vectors.rows,
      width: file.vectors.columns)
    let vectors = "\(result.vectorCount) vectors of width \(result.width)"
    try common.print(result, text: "\(output.shown): \(vectors), \"\((text ?? result.template).shown)\"")
  }

  /// Returns the text that a checkpoint's model is given.
  private func write(_ file: PromptFile, to url: URL, _ place: ModelPlace?) throws -> String? {
    let space = try place?.embeddingSpace()
    let prompt = try file.prompt(in: space)
    if let space { try prompt.requireMatch(space.table, name: space.name) }
    switch form {
    case .safetensors: try prompt.write(to: url)
    case .npy: try prompt.writeNumPy(to: url, rows: rows)
    case .checkpoint:
      if let place { return try prompt.writeCheckpoint(to: url, model: place.folder) }
    case .peft:
      if let space, let place {
        try prompt.writePEFT(
          to: url, model: space, baseModel: place.commit == nil ? place.folder.path : place.name,
          revision: place.commit)
      }
    }
    return nil
  }
}

extension PromptFile {
  static let templateHelp: ArgumentHelp =
    "Where the vectors stand, for prompts from elsewhere, which do not say it."
}
