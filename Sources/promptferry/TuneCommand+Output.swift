import ArgumentParser
import Foundation
import PromptTransfer

/// What a tuning leaves: prompt files, notes, the result.
extension TuneCommand {
  struct Result: Encodable {
    let bestDevAccuracy: Double?
    let epochs: [TuningEpoch]
    let examplesPerSecond: Double
    let seconds: Double
    let interrupted: Bool
    let model: String
    let output: String
    let precision: Precision?
    let device: String?
    let settings: TuningSettings
    let template: String
    let skipped: [String: ProbingSet.Skipped]
    let task: TaskDescription?
    let truncated: [String: Int]
  }

  /// Of several prompts; the rate is that of all of them.
  struct Results: Encodable {
    let examplesPerSecond: Double
    let interrupted: Bool
    let prompts: [Result]
    let seconds: Double
  }

  func note(_ task: Task, _ result: TuningResult) {
    let name = isFolder ? "\(task.data.name): " : ""
    for (split, skipped, truncated) in [
      ("training", result.trainSkipped, result.trainTruncatedCount),
      ("development", result.devSkipped, result.devTruncatedCount),
    ] {
      if skipped != ProbingSet.Skipped() {
        common.note("\(name)Left out of the \(split) facts: \(skipped.text).")
      }
      if truncated > 0 {
        common.note("\(name)\(truncated) \(split) texts were cut to the model's positions.")
      }
    }
    if task.job.dev.isEmpty {
      common.note("\(name)There are no development facts: the last prompt is kept.")
    }
    if case .facts(let place) = task.data, place.pathExtension == "jsonl" {
      common.note(
        "\(name)One file of facts is both training and development facts: the dev accuracy says nothing.")
    }
  }

  /// Prints the results; exits with 130 when a tuning was interrupted.
  func report(_ tuned: [(task: Task, result: TuningResult)], model: LanguageModel, seconds: Double) throws {
    let results = tuned.map { task, result in
      Result(
        bestDevAccuracy: result.bestDevAccuracy, epochs: result.epochs,
        examplesPerSecond: Double(result.exampleCount) / max(seconds, 1e-9), seconds: seconds,
        interrupted: result.isInterrupted, model: model.name, output: path(task),
        precision: model.notedPrecision, device: model.notedDevice, settings: settings,
        template: task.job.template.description,
        skipped: ["train": result.trainSkipped, "dev": result.devSkipped], task: task.data.task?.description,
        truncated: ["train": result.trainTruncatedCount, "dev": result.devTruncatedCount])
    }
    let isInterrupted = tuned.contains { $0.result.isInterrupted }
    if isFolder {
      let rate = results.reduce(0) { $0 + $1.examplesPerSecond }
      try common.print(
        Results(examplesPerSecond: rate, interrupted: isInterrupted, prompts: results, seconds: seconds),
        text: results.map(summary).joined(separator: "\n"))
    } else {
      try common.print(results[0], text: summary(results[0]))
    }
    guard isInterrupted else { return }
    let isUnscored = results.contains { $0.interrupted && $0.bestDevAccuracy == nil }
    common.note(
      "Interrupted: \(output) holds the best prompt so far"
        + (isUnscored ? ", the latest one: nothing was scored yet." : "."))
    throw Interruption.shared.exit
  }

  private func path(_ task: Task) -> String { isFolder ? output + task.output.lastPathComponent : output }

  private func summary(_ result: Result) -> String {
    let loss = result.epochs.last.map { ", loss \($0.trainLoss.formatted(3))" } ?? ""
    let accuracy = result.bestDevAccuracy.map { "dev accuracy \((100 * $0).formatted(1)) %" } ?? "not scored"
    return "\(result.output.shown): \(accuracy)\(loss), \(result.seconds.formatted(1)) s"
  }
}

extension ProbingSet.Skipped {
  var text: String {
    [
      objectNotACandidate > 0
        ? "\(objectNotACandidate) whose object is not one token (or no candidate)" : nil,
      empty > 0 ? "\(empty) without any token" : nil,
      tooLong > 0 ? "\(tooLong) longer than the model's positions" : nil,
    ].compactMap { $0 }.joined(separator: ", ")
  }
}
