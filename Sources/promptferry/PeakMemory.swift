import Foundation

extension Process {
  /// The most memory this process has had at once, in bytes; 0 where the system does not say.
  static var peakMemoryBytes: Int {
    #if os(Linux)
      // Not getrusage: its figure starts with that of the process that forked this one.
      let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
      let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
      return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
    #else
      var usage = rusage()
      getrusage(RUSAGE_SELF, &usage)
      return Int(usage.ru_maxrss)
    #endif
  }
}
