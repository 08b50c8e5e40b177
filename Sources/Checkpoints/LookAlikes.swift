/// Names that Swift takes for one, since they differ only in how their characters are composed ("é" as one scalar and as two), where
/// safetensors and Python keep them apart. What is kept by name could hold but one of them.
enum LookAlikes {
  /// The first such pair of names that are all different in their bytes, with their scalars spelt out.
  static func first(among names: some Sequence<String>) -> String? {
    var seen: Set<String> = []
    for name in names {
      let (isNew, known) = seen.insert(name)
      if !isNew {
        return "\(spelt(known)) and \(spelt(name)), which differ only in how characters are composed"
      }
    }
    return nil
  }

  private static func spelt(_ name: String) -> String {
    "\"" + name.unicodeScalars.map { $0.escaped(asASCII: true) }.joined() + "\""
  }
}
