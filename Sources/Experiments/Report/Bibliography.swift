import PromptTransfer

/// How reports are cited.
enum Bibliography {
  /// - Parameter year: of the results; nil where they do not say it
  static func entries(year: Int?) -> String {
    """
    @software{promptferry,
      author = {{The PromptFerry authors}},
      title = {{PromptFerry}: soft prompts carried between language models},
      version = {\(PromptFerryVersion.current)},\(year.map { "\n  year = {\($0)}," } ?? "")
    }

    @inproceedings{wu2024zeroshot,
      author = {Wu, Zijun and Wu, Yongkang and Mou, Lili},
      title = {Zero-Shot Continuous Prompt Transfer: Generalizing Task Semantics Across Language Models},
      booktitle = {The Twelfth International Conference on Learning Representations},
      year = {2024},
      eprint = {2310.01691},
      archivePrefix = {arXiv},
    }

    """
  }
}
