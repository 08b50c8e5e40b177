import Formats
import Foundation
import PromptTransfer

/// Experiments as a page to look at, the same as Markdown, each table as CSV and LaTeX and each figure as SVG; as PDF and PNG too
/// where a program that makes them is installed.
///
/// Made from stored results alone: the same results give the same bytes, but for PDF and PNG, which are another program's.
public struct Report: Sendable {
  let document: Document
  private let bibliography: String

  /// - Parameter experiments: of different names. Throws when there is nothing to report.
  public init(_ experiments: [Results]) throws {
    for results in experiments where results.finishedCount == 0 {
      throw TransferError(
        results.configuration.name, "has no results yet", hint: "Run it first")
    }
    let names = experiments.map(\.configuration.name)
    if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
      throw TransferError(twice, "is the name of two of the experiments", hint: "Name each of them once")
    }
    let sections = experiments.map { ExperimentReport($0).section }
    let lead: Prose =
      "Soft prompts tuned on one language model, carried to another without labels or training on it."
    bibliography = Bibliography.entries(year: experiments.compactMap(\.lastYear).max())
    let citing = Section(
      id: "citing", title: "How to cite",
      blocks: [
        .paragraph("The program, and the paper whose method it implements, as BibTeX in report.bib:"),
        .code(bibliography, title: "BibTeX"),
      ])
    document =
      sections.count == 1
      ? Document(title: sections[0].title, lead: lead, sections: Self.promoted(sections[0]) + [citing])
      : Document(
        title: "Prompts carried between language models", lead: lead, sections: sections + [citing])
  }

  /// The sections of a single experiment, one level up.
  private static func promoted(_ section: Section) -> [Section] {
    [Section(id: section.id, title: "The question", blocks: section.blocks)] + section.sections
  }

  /// All files by their paths in the report's folder.
  /// - Parameter figureForms: the endings of figures that the page links to
  package func files(figureForms: [String] = ["svg"]) -> [(path: String, text: String)] {
    [
      ("report.html", HTMLRenderer(document, figureForms: figureForms).page),
      ("report.md", MarkdownRenderer(document).text), ("report.bib", bibliography),
    ]
      + document.tables.map { ("tables/\($0.id).csv", CSVRenderer.text($0)) }
      + document.tables.filter { $0.place != .file }.map { ("tables/\($0.id).tex", LaTeXRenderer.text($0)) }
      + document.plots.map { ("figures/\($0.id).svg", SVGFile.file($0)) }
  }

  /// Whether a file is the page of an earlier report.
  package static func isPage(_ url: URL) -> Bool {
    FileStart.read(url, 1024)?.range(of: Data(HTMLRenderer.policy.utf8)) != nil
  }

  /// Writes the files, each whole or not at all, and returns the page's.
  /// - Parameter converter: what makes PDF and PNG of the figures; nil for SVG alone
  public func write(to folder: URL, converter: FigureConverter? = nil) throws -> URL {
    for name in ["tables", "figures"] {
      do {
        try FileManager.default.createDirectory(
          at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
      } catch {
        throw TransferError(folder.path, "cannot be made", hint: "Give another folder for the report")
      }
    }
    // The page last: what it links to is there.
    for (path, text) in files(figureForms: ["svg"] + (converter == nil ? [] : FigureConverter.forms))
      .reversed()
    {
      let place = folder.appendingPathComponent(path)
      try AtomicFile.write(Data(text.utf8), to: place)
      if place.pathExtension == "svg" { try converter?.convert(place) }
    }
    return folder.appendingPathComponent("report.html")
  }
}
