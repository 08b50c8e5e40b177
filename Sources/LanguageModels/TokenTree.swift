/// Tokens that may follow a sequence: continuations that share what they begin with. A model that looks back alone reads them all in one
/// pass, each at its own depth.
public struct TokenTree: Sendable, Equatable {
  /// Depth first: each token before what follows it.
  public let tokens: [Int]
  /// For each token the place of the one before it, -1 where it follows the sequence itself.
  public let parents: [Int]
  /// How many tokens stand before each.
  let depths: [Int]
  private let children: [Link: Int]

  private struct Link: Hashable {
    let parent, token: Int
  }

  /// The tree of some continuations. What is the beginning of another one, or empty, adds nothing.
  public init(_ paths: some Sequence<[Int]>) {
    var (tokens, parents, depths): ([Int], [Int], [Int]) = ([], [], [])
    var (path, places): ([Int], [Int]) = ([], [])
    for next in Set(paths).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      let shared = zip(path, next).prefix { $0 == $1 }.count
      places.removeSubrange(shared...)
      for token in next[shared...] {
        parents.append(places.last ?? -1)
        depths.append(places.count)
        places.append(tokens.count)
        tokens.append(token)
      }
      path = next
    }
    (self.tokens, self.parents, self.depths) = (tokens, parents, depths)
    let links = zip(parents, tokens).enumerated().map { (Link(parent: $1.0, token: $1.1), $0) }
    children = Dictionary(uniqueKeysWithValues: links)
  }

  /// The places of the tokens on a way that the tree was made of, or of as many of them as it has.
  public func places(of path: some Sequence<Int>) -> [Int] {
    var places: [Int] = []
    for token in path {
      let parent = places.last ?? -1
      guard let place = children[Link(parent: parent, token: token)] else { break }
      places.append(place)
    }
    return places
  }

  /// The ways to the leaves. Each has tokens of its own, which no branch before it has, after some that are shared.
  var branches: [Branch] {
    var branches: [Branch] = []
    var (start, path): (Int, [Int]) = (0, [])
    for place in tokens.indices {
      path.removeSubrange(depths[place]...)
      path.append(place)
      let isLeaf = place + 1 == tokens.count || parents[place + 1] != place
      guard isLeaf else { continue }
      branches.append(Branch(own: start..<place + 1, path: path))
      start = place + 1
    }
    return branches
  }

  struct Branch {
    /// The places of its own tokens.
    let own: Range<Int>
    /// The places of all its tokens, the first one first.
    let path: [Int]
  }
}
