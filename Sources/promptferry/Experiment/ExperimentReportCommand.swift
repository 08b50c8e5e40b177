import ArgumentParser
import Experiments
import Foundation

extension ExperimentCommand {
  struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "report",
      abstract:
        "Makes a page of what was found, the same as Markdown, its tables as CSV and LaTeX, its figures as SVG, PDF and PNG.",
      discussion: """
        Example:
          promptferry experiment report zoo/quick
          promptferry experiment report zoo/quick zoo/seeds --to report

        The page needs no network: open report.html with a browser. What is not run yet is said to be missing.
        """)

    @Argument(help: "The configurations: JSON files, or names of those that ship with promptferry.")
    var configs: [String]
    @Option(
      name: [.short, .customLong("output")],
      help: "The folder of results (default: runs/NAME); as often as there are configurations.",
      completion: .directory)
    var outputs: [String] = []
    @Option(
      name: .customLong("to"),
      help: "The folder to write (default: report in the folder of results; for several, runs/report).",
      completion: .directory)
    var destination: String?
    @OptionGroup var writing: OutputOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
      if !outputs.isEmpty, outputs.count != configs.count {
        throw ValidationError(
          "--output is given \(outputs.count) times for \(configs.count) configurations: give one for each")
      }
    }

    func run() throws {
      let runners = try configs.enumerated().map { index, config in
        try Experiment(config, output: outputs.isEmpty ? nil : outputs[index]).runner()
      }
      let report = try Report(runners.map(Results.init))
      let folder =
        destination.map { URL(fileURLWithPath: $0) }
        ?? (runners.count == 1
          ? runners[0].store.folder.appendingPathComponent("report") : URL(fileURLWithPath: "runs/report"))
      try writing.checkReport(report, in: folder)
      let converter = FigureConverter()
      if converter == nil {
        common.note(
          "figures as SVG only: PDF and PNG want rsvg-convert (librsvg2-bin on Debian, librsvg in Homebrew)")
      }
      let page = try report.write(to: folder, converter: converter)
      try common.print(["page": page.path], text: page.path)
    }
  }
}
