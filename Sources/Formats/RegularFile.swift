import Foundation

/// A file that is open for reading: folders, pipes, devices and Git LFS pointers are refused.
struct RegularFile: ~Copyable {
  let descriptor: Int32
  let size: Int

  /// - Parameter acceptingPointers: whether a Git LFS pointer is a file like others
  init(_ url: URL, acceptingPointers: Bool = false) throws(FileError) {
    let descriptor = open(url.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)  // a pipe must not wait
    guard descriptor >= 0 else {
      guard errno != ENOENT else { throw FileError(file: url, "is not there", hint: "Check the path") }
      throw FileError(
        file: url, "cannot be opened (\(systemMessage()))", hint: "Check the path and its permissions")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      let isFolder = status.st_mode & S_IFMT == S_IFDIR
      throw FileError(
        file: url, "is not a regular file but \(isFolder ? "a folder" : "a pipe or a device")",
        hint: isFolder ? "Give a file in it" : "Save what it says as a file, and give that")
    }
    let size = Int(status.st_size)
    guard acceptingPointers || !LargeFilePointer.stands(at: descriptor, size: size) else {
      close(descriptor)
      throw FileError(file: url, LargeFilePointer.problem, hint: LargeFilePointer.hint)
    }
    (self.descriptor, self.size) = (descriptor, size)
  }

  deinit { close(descriptor) }
}

/// What a file begins with.
package enum FileStart {
  /// At most so many bytes; nil where no regular file can be opened.
  package static func read(_ url: URL, _ count: Int) -> Data? {
    guard let file = try? RegularFile(url, acceptingPointers: true) else { return nil }
    var data = Data(count: min(count, file.size))
    return data.withUnsafeMutableBytes({ readAll(file.descriptor, $0) }).map { data.prefix($0) }
  }
}

/// `read(2)` until the bytes are full or the file ends: how many were read, nil when it fails.
private func readAll(_ descriptor: Int32, _ bytes: UnsafeMutableRawBufferPointer) -> Int? {
  var position = 0
  while position < bytes.count {
    let count = Foundation.read(
      descriptor, UnsafeMutableRawBufferPointer(rebasing: bytes[position...]).baseAddress,
      bytes.count - position)
    if count < 0 && errno == EINTR { continue }
    guard count >= 0 else { return nil }
    guard count > 0 else { break }
    position += count
  }
  return position
}

/// Files read into memory: small ones, so that nothing happens to their bytes while they are used.
package enum WholeFile {
  /// Where the file is cut short meanwhile, what there was of it.
  package static func read(_ url: URL, _ limit: FileLimit) throws(FileError) -> Data {
    let file = try RegularFile(url)
    try require(file.size, limit, url)
    var data = Data(count: file.size)
    let count = data.withUnsafeMutableBytes { readAll(file.descriptor, $0) }
    guard let count else { throw FileError(file: url, "cannot be read (\(systemMessage()))") }
    return data.prefix(count)
  }
}

extension WholeFile {
  /// A text file in UTF-8, without a byte-order mark.
  package static func text(_ url: URL, _ limit: FileLimit, hint: String) throws(FileError) -> String {
    let data = try read(url, limit)
    try requireLines(data, url)
    guard let text = String(validating: data, as: UTF8.self) else {
      throw FileError(file: url, "cannot be read as UTF-8 text", hint: hint)
    }
    return text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
  }

  /// Throws where a file is larger than those of its kind may be; for files that are mapped as well.
  package static func require(_ url: URL, _ limit: FileLimit) throws(FileError) {
    try require(RegularFile(url, acceptingPointers: true).size, limit, url)
  }

  private static func require(_ size: Int, _ limit: FileLimit, _ url: URL) throws(FileError) {
    guard size <= limit.bytes else { throw FileError(file: url, limit.problem(size), hint: FileLimit.hint) }
  }

  /// How long a line may be. What is read line by line grows with the longest one.
  package static let longestLine = 4 << 20

  /// Throws where a line is longer than any text that is meant as one.
  package static func requireLines(_ data: Data, _ url: URL) throws(FileError) {
    guard data.count > longestLine else { return }
    let long: Int? = data.withUnsafeBytes { bytes in
      var start = 0
      var number = 1
      while start < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
        let length = memchr(rest.baseAddress!, 0x0A, rest.count).map {
          $0 - UnsafeMutableRawPointer(mutating: rest.baseAddress!)
        }
        if length ?? rest.count > longestLine { return number }
        start += (length ?? rest.count) + 1
        number += 1
      }
      return nil
    }
    guard let long else { return }
    throw FileError(
      file: url, item: "line \(long)", "is longer than \(longestLine >> 20) MB", hint: FileLimit.hint)
  }
}

extension JSON {
  /// Reads a file of one value.
  package init(
    contentsOf url: URL, as dialect: Dialect = .strict, limit: FileLimit = .configuration
  ) throws(FileError) {
    let data = try WholeFile.read(url, limit)
    do {
      self = try JSON.parse(data, as: dialect)
    } catch {
      throw FileError(file: url, "\(error)")
    }
  }
}

/// The system's words for the last failed call.
package func systemMessage() -> String { String(cString: strerror(errno)) }
