import Experiments
import Foundation
import Testing

/// What the browser cannot tell: text stands on half-transparent cells there.
@Suite struct ColorTests {
  @Test(arguments: [0, 1]) func valuesCanBeReadOnEveryCellOfAHeatMap(scheme: Int) throws {
    let (paper, ink, heat) = (
      try color("paper", scheme), try color("ink", scheme), try color("heat", scheme)
    )
    let opacities = try SampleStore.shared().page().components(separatedBy: "fill-opacity=\"")
      .compactMap { Double($0.prefix { $0 != "\"" }) }
    let deepest = try #require(opacities.max())
    #expect(deepest > 0.5 && deepest < 1)
    for opacity in [0, deepest / 2, deepest] {
      #expect(contrast(ink, zip(paper, heat).map { $0 + ($1 - $0) * opacity }) >= 4.5, "\(opacity)")
    }
  }

  @Test(arguments: [0, 1]) func namesOfSeriesCanBeRead(scheme: Int) throws {
    for name in ["s0", "s1", "s2", "s3", "s4", "s5", "soft", "accent", "ink"] {
      #expect(try contrast(color(name, scheme), color("paper", scheme)) >= 4.5, "\(name)")
    }
  }

  /// The channels of a variable in the light (0) or the dark (1) scheme, from 0 to 1.
  private func color(_ name: String, _ scheme: Int) throws -> [Double] {
    let values = try SampleStore.shared().page().components(separatedBy: "--\(name): #").dropFirst()
      .map { String($0.prefix { $0.isHexDigit }) }
    let digits = try #require(values.count >= 2 ? values[scheme] : nil)
    let wide = digits.count == 3 ? digits.map { "\($0)\($0)" }.joined() : digits
    let number = try #require(Int(wide, radix: 16))
    return [16, 8, 0].map { Double((number >> $0) & 255) / 255 }
  }

  /// WCAG 2.2.
  private func contrast(_ first: [Double], _ second: [Double]) -> Double {
    let lights = [first, second].map { color in
      zip(color, [0.2126, 0.7152, 0.0722]).reduce(0) { sum, part in
        sum + part.1 * (part.0 <= 0.04045 ? part.0 / 12.92 : pow((part.0 + 0.055) / 1.055, 2.4))
      }
    }.sorted()
    return (lights[1] + 0.05) / (lights[0] + 0.05)
  }
}
