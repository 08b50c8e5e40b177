import Foundation
import TestSupport
import Testing

/// What is said while one waits, and that it can be stopped.
@Suite(.timeLimit(.minutes(15))) struct ProgressTests {
  let world: World

  /// Words for some seconds.
  init() throws {
    world = try World()
    _ = try world.json("tune", "--model", "model", "--facts", "facts", "--epochs", "1", "-o", "p")
    try world.folder.write(Self.words, to: "many.txt")
  }

  /// Four millions.
  private static let words: Data = {
    var text = World.words.joined(separator: "\n") + "\n"
    for number in 0..<4_000_000 { text += "rome\(number)\n" }
    return Data(text.utf8)
  }()

  static let verbs: [(arguments: String, title: String)] = [
    ("tune --model model --facts facts --vocabulary many.txt -o new", "looking up words of model"),
    ("evaluate --model model --prompt p --facts facts --vocabulary many.txt", "looking up words of model"),
    ("transfer --from model=p --to other --anchors many.txt -o new", "looking up anchors"),
    (
      "distil --from model=p --to other --facts facts --vocabulary many.txt -o new",
      "looking up words of other"
    ),
    (
      "transfer --from model=p --to other --select agreement --subjects facts --vocabulary many.txt -o new",
      "looking up words of other"
    ),
  ]

  /// A line after seconds, though not a tenth is done, and an end at once.
  @Test(arguments: verbs) func wordsAreCountedAndCanBeStopped(_ arguments: String, _ title: String) throws {
    var said: ContinuousClock.Instant?
    let begin = ContinuousClock.now
    let outcome = try Command.run(
      arguments.split(separator: " ").map(String.init), in: world.folder.url, timeout: 60,
      signal: Command.Signal(SIGINT) { errors in
        if errors.contains("\(title): "), said == nil { said = .now }
        return said != nil
      })
    let (first, end) = (try #require(said, "\(outcome)"), ContinuousClock.now)
    #expect(outcome.status == 130 && !outcome.timedOut, "\(outcome)")
    // Tests run beside others on few processors.
    #expect(first - begin < .seconds(15) && end - first < .seconds(5))
    #expect(outcome.errors.contains("/4000011 words, "), "\(outcome.errors)")
    #expect(try !world.folder.contents.contains("new"))
  }

  @Test func aSessionStopsThem() throws {
    let session = try SessionProcess(in: world.folder.url)
    for (id, verb) in Self.verbs.enumerated() {
      try session.ask(id, verb.arguments)
      let line = try session.line {
        $0["id"]?.int == id && ($0["progress"]?["unit"]?.string == "words" || $0["status"] != nil)
      }
      #expect(line?["progress"]?["title"]?.string == verb.title)
      try session.send(#"{"cancel": \#(id)}"#)
      #expect(try session.reply(id)?["status"]?.int == 130, "\(verb.arguments)")
    }
    #expect(try session.end() == 0)
  }

  /// A bar never fills more than the line that is cleared for the next one.
  @Test(arguments: [20, 40, 60, 80, 200]) func barsFitTheTerminal(_ columns: Int) throws {
    let said = try Terminal.run(
      ["tune", "--model", "model", "--facts", "facts", "--vocabulary", "many.txt", "-o", "new"],
      in: world.folder.url, columns: columns, until: { $0.count { $0 == "\r" } > 5 })
    let bars = said.split(separator: "\r\u{1B}[2K").dropLast()
    #expect(bars.count > 3)
    for bar in bars { #expect(bar.count < columns && bar.contains("left"), "\(bar)") }
    #expect(columns < 80 || bars.allSatisfy { $0.contains("░") && $0.contains("looking up words of model") })
    #expect(columns != 40 || bars.allSatisfy { $0.contains("looking up") && $0.contains(" %") })
  }

  /// What tuning and distilling have reached is said as far as there is room: the best so far always.
  @Test(
    arguments: [
      ("tune --model model --facts facts --epochs 100000 -o new", " %"),
      ("distil --from model=p --to other --facts facts --epochs 100000 -o new", ""),
    ], [40, 60, 200])
  func whatIsReachedIsShown(_ verb: (arguments: String, unit: String), _ columns: Int) throws {
    let said = try Terminal.run(
      verb.arguments.split(separator: " ").map(String.init), in: world.folder.url, columns: columns,
      until: { $0.components(separatedBy: "best").count > 5 })
    let bars = said.split(separator: "\r\u{1B}[2K").filter { $0.contains("best") }
    #expect(bars.count > 3, "\(said)")
    for bar in bars {
      #expect(bar.count < columns && bar.contains("left"), "\(bar)")
      let best = /best [0-9.]+/
      #expect(bar.contains(best) && (verb.unit.isEmpty || bar.contains(/best [0-9.]+ %/)), "\(bar)")
      #expect(columns < 200 || (bar.contains(/loss [0-9.]+, dev [0-9.]+/) && bar.contains("░")), "\(bar)")
    }
  }
}

/// The command with a terminal for its error output.
private enum Terminal {
  /// Returns what it said; it is interrupted once that is enough.
  static func run(
    _ arguments: [String], in folder: URL, columns: Int, until isEnough: (String) -> Bool
  ) throws -> String {
    let (master, name) = try open()
    defer { close(master) }
    var size = winsize(ws_row: 24, ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    let terminal = FileHandle(fileDescriptor: Foundation.open(name, O_RDWR | O_NOCTTY), closeOnDealloc: true)
    _ = fcntl(master, F_SETFL, O_NONBLOCK)
    let process = Process()
    process.executableURL = Command.executable
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = terminal
    try process.run()
    var said: [UInt8] = []
    func read() {
      var bytes = [UInt8](repeating: 0, count: 1 << 16)
      while case let count = Foundation.read(master, &bytes, bytes.count), count > 0 {
        said += bytes[..<count]
      }
    }
    while process.isRunning {
      read()
      if isEnough(String(decoding: said, as: UTF8.self)) { process.interrupt() }
      usleep(2000)
    }
    read()
    return String(decoding: said, as: UTF8.self)
  }

  /// The end of ours, and the name of the command's.
  private static func open() throws -> (master: Int32, name: String) {
    #if canImport(Darwin)
      let master = posix_openpt(O_RDWR | O_NOCTTY)
      guard master >= 0, grantpt(master) == 0, unlockpt(master) == 0, let name = ptsname(master) else {
        throw CocoaError(.fileReadUnknown)
      }
      return (master, String(cString: name))
    #else
      // Glibc hides the functions from Swift: these are what they ask the kernel, TIOCSPTLCK and TIOCGPTN.
      let master = Foundation.open("/dev/ptmx", O_RDWR | O_NOCTTY)
      var (lock, number) = (Int32(0), UInt32(0))
      guard master >= 0, ioctl(master, UInt(0x4004_5431), &lock) == 0,
        ioctl(master, UInt(0x8004_5430), &number) == 0
      else { throw CocoaError(.fileReadUnknown) }
      return (master, "/dev/pts/\(number)")
    #endif
  }
}
