/// Names from files that become names of files.
package enum FileName {
  /// Whether it is one name, in the folder where it is put, on every system: no path, not hidden, without controls, and not too
  /// long for an ending.
  package static func isOne(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix(".") && name.utf8.count <= 200
      && !name.unicodeScalars.contains { $0 == "/" || $0 == "\\" || VisibleText.steers($0) }
  }
}
