/// How byte-level BPE cuts text before it merges, by the name that llama.cpp has for it, and what else goes with that name: files
/// do not say it. (llama-vocab.cpp, `llama_vocab::impl::load` and `llm_tokenizer_bpe`)
struct GGUFPreTokenizer {
  private enum Pattern {
    /// GPT-2's.
    case gpt2
    /// Numbers are cut into digits first.
    case digitsAndGPT2
    case scanner(@Sendable (Int, ArraySlice<Unicode.Scalar>) -> Int)
  }

  private let pattern: Pattern
  /// Whether a piece that is a token is that token, whatever the merges make of it.
  let ignoresMerges: Bool
  /// Whether texts begin with the BOS where the file says nothing.
  let addsBOS: Bool
  let normalizer: (any Normalizer)?

  private init(
    _ pattern: Pattern, ignoresMerges: Bool = false, addsBOS: Bool = false,
    normalizer: (any Normalizer)? = nil
  ) {
    self.pattern = pattern
    self.ignoresMerges = ignoresMerges
    self.addsBOS = addsBOS
    self.normalizer = normalizer
  }

  /// Nil for a name that is not known.
  init?(_ name: String) {
    guard let known = Self.known[name] else { return nil }
    self = known
  }

  static var names: [String] { known.keys.sorted() }

  private static let known: [String: GGUFPreTokenizer] = {
    let llama3 = Pattern.scanner { WordPattern.end(ofLlama3: $0, in: $1) }
    let qwen2 = Pattern.scanner { WordPattern.end(ofQwen2: $0, in: $1) }
    let tekken = Pattern.scanner { WordPattern.end(ofTekken: $0, in: $1) }
    let groups: [([String], GGUFPreTokenizer)] = [
      (["default", "gpt-2", "mpt", "olmo", "jais"], Self(.gpt2)),
      (
        ["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"],
        Self(.digitsAndGPT2)
      ),
      (
        ["llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"],
        Self(llama3, ignoresMerges: true, addsBOS: true)
      ),
      (["dbrx", "smaug-bpe"], Self(llama3)),
      (["qwen2", "deepseek-r1-qwen"], Self(qwen2, normalizer: UnicodeForm.nfc)),
      (["stablelm2", "megrez", "kormo"], Self(qwen2)),
      (["tekken"], Self(tekken, ignoresMerges: true, addsBOS: true)),
    ]
    return Dictionary(uniqueKeysWithValues: groups.flatMap { names, value in names.map { ($0, value) } })
  }()

  func splitter(addsPrefixSpace: Bool) -> any PreTokenizer {
    switch pattern {
    case .gpt2: ByteLevelPreTokenizer(addsPrefixSpace: addsPrefixSpace, splits: true)
    case .digitsAndGPT2:
      PreTokenizerSequence(members: [
        Digits(areIndividual: true), ByteLevelPreTokenizer(addsPrefixSpace: addsPrefixSpace, splits: true),
      ])
    case .scanner(let end):
      PreTokenizerSequence(members: [
        Split(pattern: .scanner(end), behavior: .isolated),
        ByteLevelPreTokenizer(addsPrefixSpace: addsPrefixSpace, splits: false),
      ])
    }
  }
}
