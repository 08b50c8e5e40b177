import Foundation
import Tensors

/// A file's bytes, mapped read-only for as long as the object lives.
///
/// `mmap(2)` and not `Data(contentsOf:options:)`: on Linux `.mappedIfSafe` reads everything.
package final class MappedFile: PageHolder, @unchecked Sendable {
  package let url: URL
  private let bytes: UnsafeRawBufferPointer

  package init(_ url: URL) throws(CheckpointError) {
    self.url = url
    let descriptor = open(url.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)  // a pipe must not wait
    guard descriptor >= 0 else {
      throw CheckpointError(
        file: url, "cannot be opened (\(systemMessage()))", hint: "Check the path and its permissions")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw CheckpointError(file: url, "is not a regular file")
    }
    let size = Int(status.st_size)
    guard size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
      throw CheckpointError(file: url, "cannot be mapped (\(systemMessage()))")
    }
    bytes = UnsafeRawBufferPointer(start: base, count: size)
  }

  /// Calls `body` with the file's bytes, which are there only as long as it runs.
  package func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(self) {} }
    return try body(bytes)
  }

  /// Gives the memory that the bytes took back to the system; they are read again when they are needed again.
  package func release(_ range: Range<Int>) {
    let page = Int(getpagesize())
    let start = range.lowerBound / page * page
    guard let base = bytes.baseAddress, range.upperBound > start else { return }
    madvise(UnsafeMutableRawPointer(mutating: base) + start, range.upperBound - start, MADV_DONTNEED)
  }

  /// The same for a part of the mapping.
  package func release(_ memory: UnsafeRawBufferPointer) {
    guard let start = memory.baseAddress, let base = bytes.baseAddress else { return }
    release(start - base..<start - base + memory.count)
  }

  deinit {
    if let base = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: base), bytes.count) }
  }
}

/// The system's words for the last failed call.
package func systemMessage() -> String { String(cString: strerror(errno)) }
