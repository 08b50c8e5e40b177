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
        promptferry convert city.safetensors -o model-with-prompt --to checkpoint \\
          --model zoo:bert-small
        promptferry convert prompt_vecs.npy -o city.safetensors \\
          --model bert-base-cased --template "[X] [V]*5 [Y] ."
        promptferry convert city.safetensors -o city.gguf --to llama.cpp \\
          --model gemma-3-270m.Q4_K_M.gguf
        promptferry convert city.safetensors -o requests.jsonl --to vllm \\
          --model gpt2 --input Oslo --input Lima

      PEFT puts vectors before the text, of causal and sequence-to-sequence models. A checkpoint has them as tokens [V1], \
      [V2], … of a grown vocabulary, to be used anywhere in the text; so has a GGUF file for llama.cpp.

      For servers of causal models: vllm and sglang are a request of JSON a line for each input, embedded whole; tensorrt-llm a \
      prompt table (.npy); embeddings an input, or the vectors alone, as plain F32 (llama_batch.embd).
      """)

  enum Form: String, ExpressibleByArgument, CaseIterable, Encodable {
    case safetensors, npy, peft, checkpoint, vllm, sglang, embeddings
    case tensorrtLLM = "tensorrt-llm"
    case llamaCpp = "llama.cpp"

    /// What a name's ending asks for: a folder is an adapter.
    init(path: String) {
      let ending = (path as NSString).pathExtension
      self = ending == "gguf" ? .llamaCpp : Form(rawValue: ending) ?? .peft
    }

    /// Whether it is a folder.
    var isFolder: Bool { self == .peft || self == .checkpoint }

    /// Whether it is made of the model as well as of the prompt.
    var needsModel: Bool { self != .safetensors && self != .npy }

    /// Whether it is made of inputs, one or several.
    var takesInputs: Bool { [.vllm, .sglang, .embeddings].contains(self) }
  }

  @Argument(help: "A prompt file, a PEFT adapter's folder, or an .npy file.", completion: .file())
  var prompt: String
  @Option(name: [.short, .customLong("output")], help: "The file or folder to write.", completion: .file())
  var output: String
  @Option(
    help: "What to write (default: by the ending of --output; peft without .safetensors, .npy or .gguf).")
  var to: Form?
  @Option(
    help: "The prompt's model. A file of our own says it for .npy and .safetensors.", completion: .directory)
  var model: String?
  @Option(help: PromptFile.templateHelp) var template: String?
  @Option(help: "Rows of an .npy file, zeros after the vectors: OptiPrompt's code wants 10.") var rows: Int?
  @OptionGroup var serving: ServingOptions
  @OptionGroup var writing: OutputOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if rows != nil, form != .npy { throw ValidationError("--rows belongs to .npy files") }
    if let rows, !(1...65_536).contains(rows) {
      throw ValidationError("--rows wants a number from 1 to 65536")
    }
    if model == nil, form.needsModel {
      throw ValidationError("--model is missing, the model that the prompt is for")
    }
    if !serving.isEmpty, !form.takesInputs {
      throw ValidationError("--input and --subjects belong to vllm, sglang and embeddings")
    }
    if serving.isEmpty, form == .vllm || form == .sglang {
      throw ValidationError("--input or --subjects is missing, the texts to embed")
    }
    if form == .embeddings, serving.subjects != nil || serving.inputs.count > 1 {
      throw ValidationError("embeddings are of one --input, or of none")
    }
  }

  private var form: Form { to ?? Form(path: output) }

  struct Result: Encodable {
    let form: Form
    let input, output, template: String
    let model: String?
    let vectorCount, width: Int
    /// What to give a model with tokens for the vectors, with the subject for `[X]`.
    var text: String?
    /// How many inputs were embedded.
    var inputCount: Int?
    /// Rows of plain numbers.
    var rowCount: Int?
    /// Whether numbers are rows of the table, or what the first layer reads: rows times `scale`.
    var space: String?
    var scale: Double?
  }

  func run() async throws {
    let destination = URL(fileURLWithPath: output)
    let source = URL(fileURLWithPath: prompt)
    let inputs = OutputOptions.Inputs(
      models: model.map { [$0] } ?? [], files: [source], data: [try serving.dataset()].compactMap(\.self))
    if form.isFolder {
      try AtomicFolder.requireWritable(destination)
      try writing.refuse(destination, among: inputs)
    } else {
      try writing.check(destination, form == .safetensors ? .prompt : .array, reading: inputs)
    }
    let texts = try serving.texts()
    let file = try PromptFile(
      source, template: try template.map { try Template($0) })
    var place: ModelPlace?
    if let model {
      let isWhole = form == .checkpoint || form == .llamaCpp
      place = try await common.model(model, isWhole ? .model : .embeddings, Interruption.shared)
    }
    var result = Result(
      form: form, input: prompt, output: output, template: file.template.description,
      model: file.modelName ?? place?.name, vectorCount: file.vectors.rows, width: file.vectors.columns)
    try write(file, to: destination, place, texts, &result)
    try common.print(result, text: "\(output.shown): \(summary(result))")
  }

  private func summary(_ result: Result) -> String {
    var parts = ["\(result.vectorCount) vectors of width \(result.width)"]
    if let count = result.inputCount { parts.append("\(count) \(count == 1 ? "input" : "inputs")") }
    if let count = result.rowCount { parts.append("\(count) rows of F32") }
    if let scale = result.scale, scale != 1 { parts.append("times the model's scale of \(scale)") }
    return (parts + ["\"\((result.text ?? result.template).shown)\""]).joined(separator: ", ")
  }

  private func write(
    _ file: PromptFile, to url: URL, _ place: ModelPlace?, _ texts: [String], _ result: inout Result
  ) throws {
    let space = try place?.embeddingSpace()
    let prompt = try file.prompt(in: space)
    if let space { try prompt.requireMatch(space.table, name: space.name) }
    guard let space, let place else {
      if form == .npy { try prompt.writeNumPy(to: url, rows: rows) } else { try prompt.write(to: url) }
      return
    }
    if form.takesInputs || form == .tensorrtLLM {
      result.space = EmbeddedInput.space
      result.scale = space.table.inputScale
    }
    switch form {
    case .safetensors: try prompt.write(to: url)
    case .npy: try prompt.writeNumPy(to: url, rows: rows)
    case .checkpoint: result.text = try prompt.writeCheckpoint(to: url, model: place.folder)
    case .peft:
      try prompt.writePEFT(
        to: url, model: space, baseModel: place.commit == nil ? place.folder.path : place.name,
        revision: place.commit)
    case .vllm, .sglang:
      let server: SoftPrompt.Server = form == .vllm ? .vLLM : .sgLang
      try prompt.writeRequests(to: url, for: server, texts: texts, model: space)
      result.inputCount = texts.count
    case .tensorrtLLM: try prompt.writePromptTable(to: url, model: space)
    case .llamaCpp:
      result.text = try prompt.writeGGUF(to: url, model: place.folder)
      result.space = SoftPrompt.space
    case .embeddings:
      let rows = try prompt.writeEmbeddings(to: url, text: texts.first, model: space)
      (result.rowCount, result.scale) = (rows.rows, rows.scale)
      result.inputCount = texts.isEmpty ? nil : 1
      if rows.scale != space.table.inputScale { result.space = SoftPrompt.space }
    }
  }
}

extension PromptFile {
  static let templateHelp: ArgumentHelp =
    "Where the vectors stand, for prompts from elsewhere, which do not say it."
}
