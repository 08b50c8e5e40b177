/// The class of transformers that reads a folder's tokenizer files: it decides what they mean, and its settings in
/// tokenizer_config.json count before those of tokenizer.json. (tokenization_auto.py of transformers)
struct TokenizerClass {
  /// Without "Fast" at its end.
  let name: String

  private static let berts: Set<String> = [
    "BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer", "ConvBertTokenizer",
    "LayoutLMTokenizer", "LxmertTokenizer", "SqueezeBertTokenizer", "RetriBertTokenizer", "RealmTokenizer",
    "DPRQuestionEncoderTokenizer", "DPRContextEncoderTokenizer", "DPRReaderTokenizer", "FunnelTokenizer",
    "MPNetTokenizer", "SplinterTokenizer",
  ]
  private static let robertas: Set<String> = [
    "RobertaTokenizer", "BartTokenizer", "LongformerTokenizer", "LEDTokenizer", "MvpTokenizer",
  ]
  private static let gpts: Set<String> = ["GPT2Tokenizer", "CodeGenTokenizer"]
  /// They take any file as it stands.
  private static let generic: Set<String> = [
    "PreTrainedTokenizer", "TokenizersBackend", "PythonBackend",
  ]
  /// They cut text in ways of their own that the tokenizer.json beside them does not have.
  private static let withCodeOfTheirOwn: Set<String> = ["BertJapaneseTokenizer", "RoFormerTokenizer"]

  /// By `model_type`, where no file names a class.
  private static let byType: [String: String] = {
    let types: [(String, [String])] = [
      (
        "BertTokenizer",
        [
          "bert", "distilbert", "electra", "mobilebert", "convbert", "layoutlm", "lxmert", "squeezebert",
          "ernie", "megatron-bert", "nezha", "qdqbert", "nomic_bert",
        ]
      ),
      ("MPNetTokenizer", ["mpnet"]), ("FunnelTokenizer", ["funnel"]), ("SplinterTokenizer", ["splinter"]),
      (
        "RobertaTokenizer",
        [
          "roberta", "bart", "longformer", "led", "mvp", "ibert", "data2vec-text", "roberta-prelayernorm",
          "mra", "mega",
        ]
      ),
      ("GPT2Tokenizer", ["gpt2", "gpt_neo", "gptj", "opt", "codegen", "phi"]),
      ("AlbertTokenizer", ["albert"]), ("RoFormerTokenizer", ["roformer"]), ("EsmTokenizer", ["esm"]),
      ("ProphetNetTokenizer", ["prophetnet"]), ("RoCBertTokenizer", ["roc_bert"]),
      ("TapasTokenizer", ["tapas"]), ("CpmAntTokenizer", ["cpmant"]), ("DebertaTokenizer", ["deberta"]),
      ("DebertaV2Tokenizer", ["deberta-v2"]), ("HerbertTokenizer", ["herbert"]),
      ("OpenAIGPTTokenizer", ["openai-gpt"]), ("CTRLTokenizer", ["ctrl"]), ("CLIPTokenizer", ["clip"]),
      ("BioGptTokenizer", ["biogpt"]), ("BlenderbotTokenizer", ["blenderbot"]),
      ("BlenderbotSmallTokenizer", ["blenderbot-small"]), ("XLMTokenizer", ["xlm"]),
      ("FlaubertTokenizer", ["flaubert"]), ("FSMTTokenizer", ["fsmt"]), ("LukeTokenizer", ["luke"]),
      ("WhisperTokenizer", ["whisper"]),
      ("Qwen2Tokenizer", ["qwen2", "qwen2_moe", "qwen3", "qwen3_moe"]),
    ]
    return Dictionary(
      types.flatMap { name, types in types.map { ($0, name) } }, uniquingKeysWith: { first, _ in first })
  }()

  /// The one that tokenizer_config.json, or else config.json, names, or else the one of the `model_type`.
  init?(_ side: SideFiles) throws(TokenizationError) {
    var stated = try side.tokenizerConfig?.text("tokenizer_class")
    if stated == nil { stated = try side.config?.text("tokenizer_class") }
    if let stated {
      name = stated.hasSuffix("Fast") ? String(stated.dropLast(4)) : stated
    } else if let type = try side.config?.text("model_type"), let known = Self.byType[type] {
      name = known
    } else {
      return nil
    }
  }

  /// Whether BERT's settings are its own.
  var isBert: Bool { Self.berts.contains(name) }
  /// Whether its words are RoBERTa's, special tokens around them included.
  var isRoberta: Bool { Self.robertas.contains(name) }
  /// Whether `add_prefix_space` is its own setting.
  var isByteLevel: Bool { isRoberta || Self.gpts.contains(name) }
  var isAlbert: Bool { name == "AlbertTokenizer" }

  var readsBertVocabulary: Bool { isBert || Self.generic.contains(name) }
  var readsByteLevelVocabulary: Bool { isByteLevel || Self.generic.contains(name) }
  var readsTokenizerFile: Bool { !Self.withCodeOfTheirOwn.contains(name) }

  /// The special tokens of BERT's kind, with the tokens that play their roles where no file names others.
  var bertSpecials: [(role: String, token: String)] {
    switch name {
    case "MPNetTokenizer":
      [
        ("pad_token", "<pad>"), ("unk_token", "[UNK]"), ("cls_token", "<s>"), ("sep_token", "</s>"),
        ("mask_token", "<mask>"),
      ]
    case "FunnelTokenizer":
      [
        ("pad_token", "<pad>"), ("unk_token", "<unk>"), ("cls_token", "<cls>"), ("sep_token", "<sep>"),
        ("mask_token", "<mask>"),
      ]
    default: Self.bertSpecials
    }
  }

  static let bertSpecials = [
    (role: "pad_token", token: "[PAD]"), ("unk_token", "[UNK]"), ("cls_token", "[CLS]"),
    ("sep_token", "[SEP]"), ("mask_token", "[MASK]"),
  ]
  static let robertaSpecials = [
    (role: "bos_token", token: "<s>"), ("eos_token", "</s>"), ("unk_token", "<unk>"), ("sep_token", "</s>"),
    ("pad_token", "<pad>"), ("cls_token", "<s>"), ("mask_token", "<mask>"),
  ]

  /// The error for files that mean something else to this class than what they would be read as.
  func refusal(of file: String, side: SideFiles, readAs kind: String) -> TokenizationError {
    TokenizationError(
      file: side.url(file).path, expected: "\(kind), which is what can be read from it",
      found: "that of a \(name)", hint: Self.saving)
  }

  static let saving =
    "save a tokenizer.json with AutoTokenizer.from_pretrained(…).save_pretrained(…), if it has one"
}
