import Formats
import Foundation
import PromptTransfer

/// Makes PDF and PNG of an SVG file by librsvg's `rsvg-convert`.
public struct FigureConverter: Sendable {
  static let forms = ["pdf", "png"]
  /// Pixels of a PNG for one of the figure's: for print.
  private static let zoom = 3

  private let program: URL

  /// Looks for the program in the folders of `PATH`. Nil where there is none.
  public init?(path: String? = ProcessInfo.processInfo.environment["PATH"]) {
    let places = (path ?? "").split(separator: ":").map { "\($0)/rsvg-convert" }
    guard let place = places.first(where: FileManager.default.isExecutableFile) else { return nil }
    program = URL(fileURLWithPath: place)
  }

  /// Writes both beside the file.
  func convert(_ file: URL) throws {
    for form in Self.forms {
      let place = file.deletingPathExtension().appendingPathExtension(form)
      let zoom = form == "png" ? ["--zoom", "\(Self.zoom)"] : []
      let (process, output) = (Process(), Pipe())
      process.executableURL = program
      process.arguments = ["--format", form] + zoom + [file.path]
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = output
      do {
        try process.run()
      } catch {
        throw TransferError(program.path, "cannot be run")
      }
      let data = output.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      guard process.terminationStatus == 0 else {
        throw TransferError(file.path, "is not converted to \(form): \(program.path) failed")
      }
      try AtomicFile.write(data, to: place)
    }
  }
}
