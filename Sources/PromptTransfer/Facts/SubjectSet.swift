import Foundation
import Tensors

/// The subjects of facts without their objects: all that distilling may see. The files' other fields are not looked at,
/// and need not be there.
public struct SubjectSet: Sendable {
  /// Each once, in the order of the files.
  public let subjects: [String]

  public init(_ subjects: [String]) {
    var seen: Set<String> = []
    self.subjects = subjects.filter { seen.insert($0).inserted }
  }

  /// Reads the subjects of the same files as `ExampleSet`.
  public init(_ url: URL, split: ExampleSet.Split) throws {
    if FactTable.isOne(url) {
      try self.init(FactTable(url, needsObjects: false).subjects(split))
      return
    }
    try self.init(
      FactFiles.find(url, split: split).flatMap { file in
        try JSONLines.read(file).map { try $0.text("sub_label") }
      })
  }

  /// At most `count` of them, drawn at random; a larger number draws the same ones and more.
  public func drawn(_ count: Int, seed: UInt64) -> SubjectSet {
    var stream = RandomStream(seed: seed, name: "facts")
    return SubjectSet(subjects.indices.shuffled(using: &stream).prefix(count).sorted().map { subjects[$0] })
  }
}
