import Foundation

/// A file's bytes, mapped read-only for as long as the object lives: for weights, of which only some are needed.
///
/// Whoever cuts the file short meanwhile ends the process: the system answers a read beyond the new end with SIGBUS, of which
/// `sayWhenCutShort` makes an error.
/// A file that is replaced, as `AtomicFile` does, keeps its bytes for those who have it mapped. What is small and
/// read once is for `WholeFile`.
///
/// `mmap(2)` and not `Data(contentsOf:options:)`: on Linux `.mappedIfSafe` reads everything.
package final class MappedFile: @unchecked Sendable {
  package let url: URL
  private let bytes: UnsafeRawBufferPointer

  package init(_ url: URL) throws(FileError) {
    self.url = url
    let file = try RegularFile(url)
    guard file.size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let base = mmap(nil, file.size, PROT_READ, MAP_PRIVATE, file.descriptor, 0), base != MAP_FAILED
    else { throw FileError(file: url, "cannot be mapped (\(systemMessage()))") }
    bytes = UnsafeRawBufferPointer(start: base, count: file.size)
  }

  /// From here on the process that reads beyond the end of a file that was cut short says so, and ends with status 1.
  package static func sayWhenCutShort() {
    signal(SIGBUS) { _ in
      // Only what a handler of signals may call.
      let text: StaticString =
        "Error: a file was cut short while it was read. Give files that nothing writes to; a new one may take their place by renaming\n"
      _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
      _exit(1)
    }
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
