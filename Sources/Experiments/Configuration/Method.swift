import Foundation
import PromptTransfer

/// A row of an experiment: one way to get a prompt for the target, with its settings.
///
/// In a configuration every setting may be a list; the method then stands for all combinations, under one label.
public struct Method: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Codable, CaseIterable {
    // Carried from sources.
    case canonical, relative, linear, procrustes, projector, discretize, naive, copy, random
    // Carried, then trained on the target: with labels, or toward the sources' answers.
    case refine, distil
    // Marks to compare with: the relation's template in words, its most frequent answer, tuning on the target itself.
    case manual, majority, direct

    /// Whether the result depends on the sources.
    var usesSources: Bool {
      switch self {
      case .random, .manual, .majority, .direct: false
      default: true
      }
    }

    /// Whether prompt vectors, and with them a seed, are part of it.
    var usesVectors: Bool { self != .manual && self != .majority }

    var isTrained: Bool { self == .refine || self == .distil }
  }

  public enum Search: String, Sendable, Codable { case exact, gradient }
  /// Who chooses: the target's development facts, as in the reference, which is then no longer without labels. Among the
  /// snapshots of a gradient search, or the ridges of a closed form. Or shared words that are held out: without labels.
  public enum Selection: String, Sendable, Codable { case dev, words }
  public enum Order: String, Sendable, Codable { case sorted, random }

  /// The series this belongs to.
  public var label: String
  public var method: Kind
  public var search: Search?
  public var select: Selection?
  public var ridge: Double?
  public var shrinkage: Double?
  public var maskTop: Int?
  public var maskAbsolute: Bool?
  public var normalize: NormalizationRule?
  /// How many of the shared words are anchors; all when nil.
  public var anchorCount: Int?
  /// The share of the shared words that the models are taken to share, from 0 to 1; drawn with the seed.
  public var anchorShare: Double?
  public var anchorOrder: Order?
  /// Optimiser steps of gradient search.
  public var steps: Int?
  public var learningRate: Float?
  /// How many training facts are used by what trains on the target; all when nil.
  public var factLimit: Int?
  public var epochs: Int?

  public enum Key: String, CodingKey, CaseIterable, Sendable {
    case label, method, search, select, ridge, shrinkage, maskTop, maskAbsolute, normalize, anchorCount,
      anchorShare,
      anchorOrder,
      steps, learningRate, factLimit, epochs
  }

  public init(label: String, _ method: Kind) {
    self.label = label
    self.method = method
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.strictContainer(Key.self)
    method = try fields.decode(Kind.self, forKey: .method)
    label = try fields.decode(.label, default: method.rawValue)
    search = try fields.decodeIfPresent(Search.self, forKey: .search)
    select = try fields.decodeIfPresent(Selection.self, forKey: .select)
    ridge = try fields.decodeIfPresent(Double.self, forKey: .ridge)
    shrinkage = try fields.decodeIfPresent(Double.self, forKey: .shrinkage)
    maskTop = try fields.decodeIfPresent(Int.self, forKey: .maskTop)
    maskAbsolute = try fields.decodeIfPresent(Bool.self, forKey: .maskAbsolute)
    normalize = try fields.decodeIfPresent(NormalizationRule.self, forKey: .normalize)
    anchorCount = try fields.decodeIfPresent(Int.self, forKey: .anchorCount)
    anchorShare = try fields.decodeIfPresent(Double.self, forKey: .anchorShare)
    anchorOrder = try fields.decodeIfPresent(Order.self, forKey: .anchorOrder)
    steps = try fields.decodeIfPresent(Int.self, forKey: .steps)
    learningRate = try fields.decodeIfPresent(Float.self, forKey: .learningRate)
    factLimit = try fields.decodeIfPresent(Int.self, forKey: .factLimit)
    epochs = try fields.decodeIfPresent(Int.self, forKey: .epochs)
  }
}
