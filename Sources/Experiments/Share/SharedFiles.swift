import Foundation

/// The operations on a shared folder that runs agree by. Names are paths within the folder.
///
/// What other machines have done may be seen late, as network file systems have it: `create` alone decides, because it is decided
/// where the files are.
package protocol SharedFiles: Sendable {
  /// Makes the file unless one of this name is there; of several callers one is told `true`. It may be told `false` all the
  /// same where the answer was lost on its way: the file then holds its content.
  func create(_ name: String, _ content: Data) throws -> Bool
  /// Nil where nothing is there, as far as is seen.
  func read(_ name: String) -> Data?
  func exists(_ name: String) -> Bool
  /// Makes a file of the caller's own, or writes over its content in place, which needs no room on a full disk.
  func overwrite(_ name: String, _ content: Data) throws
  func remove(_ name: String)
}
