import Foundation

/// Memory aligned for the widest vectors. Large blocks are the system's own pages, large ones where it grants them, and go
/// back to it at once.
final class AlignedMemory: @unchecked Sendable {  // whoever owns it keeps its accesses apart
  let base: UnsafeMutablePointer<Float>
  let count: Int
  private let mappedSize: Int?

  private static let largePage = 1 << 21

  init(count: Int) {
    self.count = count
    let size = max(64, count * MemoryLayout<Float>.size)
    #if os(Linux)
      if size >= Self.largePage, let start = Self.map(size) {
        base = start.bindMemory(to: Float.self, capacity: count)
        mappedSize = size
        return
      }
    #endif
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, 64, size) == 0, let memory else { preconditionFailure("out of memory") }
    base = memory.bindMemory(to: Float.self, capacity: count)
    mappedSize = nil
  }

  deinit {
    if let mappedSize { _ = munmap(base, mappedSize) } else { free(base) }
  }

  #if os(Linux)
    /// Pages that start at a multiple of the large size.
    private static func map(_ size: Int) -> UnsafeMutableRawPointer? {
      let page = Int(getpagesize())
      let whole = (size + page - 1) / page * page
      let protection = PROT_READ | PROT_WRITE
      guard
        let start = mmap(nil, whole + largePage, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
        start != MAP_FAILED
      else { return nil }
      let lead = (largePage - Int(bitPattern: start) % largePage) % largePage
      if lead > 0 { munmap(start, lead) }
      munmap(start + lead + whole, largePage - lead)
      madvise(start + lead, whole, 14)  // MADV_HUGEPAGE
      return start + lead
    }
  #endif
}
