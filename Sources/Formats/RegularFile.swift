import Foundation

/// A file that is open for reading: folders, pipes, devices and Git LFS pointers are refused.
struct RegularFile: ~Copyable {
  let descriptor: Int32
  let size: Int

  /// - Parameter acceptingPointers: whether a Git LFS pointer is a file like others
  init(_ url: URL, acceptingPointers: Bool = false) throws(FileError) {
    let descriptor = open(url.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)  // a pipe must not wait
    guard descriptor >= 0 else {
      throw FileError(
        file: url, "cannot be opened (\(systemMessage()))", hint: "Check the path and its permissions")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw FileError(file: url, "is not a regular file")
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
  package static func read(_ url: URL) throws(FileError) -> Data {
    let file = try RegularFile(url)
    var data = Data(count: file.size)
    let count = data.withUnsafeMutableBytes { readAll(file.descriptor, $0) }
    guard let count else { throw FileError(file: url, "cannot be read (\(systemMessage()))") }
    return data.prefix(count)
  }
}

extension JSON {
  /// Reads a file of one value.
  package init(contentsOf url: URL, as dialect: Dialect = .strict) throws(FileError) {
    let data = try WholeFile.read(url)
    do {
      self = try JSON.parse(data, as: dialect)
    } catch {
      throw FileError(file: url, "\(error)")
    }
  }
}

/// The system's words for the last failed call.
package func systemMessage() -> String { String(cString: strerror(errno)) }
