import Experiments
import Foundation
import TestSupport
import Testing

/// The page in a real browser, as its readers have it. Needs chromium: `make report-check` installs it.
@Suite(
  .serialized, .enabled(if: Browser.isThere, "chromium is not installed: `make report-check` installs it"))
struct BrowserTests {
  @Test(arguments: [375, 1280], Browser.Scheme.allCases)
  func thePageFitsAndCanBeRead(width: Int, scheme: Browser.Scheme) throws {
    let seen = try Browser.look(at: SampleStore.shared(), width: width, scheme: scheme)
    #expect(seen.complaints == [], "the console is quiet")
    #expect(seen.width == width, "the window is as wide as asked for")
    #expect(seen.overflow == 0, "the page never scrolls sideways")
    #expect(seen.isDark == (scheme == .dark))
    #expect(seen.palest >= 4.5, "\(seen.palestText)")
    #expect(seen.figures == 5 && seen.visibleCharts >= 8)
  }

  @Test func tablesSortAndFilter() throws {
    let seen = try Browser.look(at: SampleStore.shared(), width: 1280, scheme: .light)
    #expect(seen.sortable > 0)
    #expect(
      seen.sorted == seen.sorted.sorted(by: >) && Set(seen.sorted).count > 1,
      "a click on numbers: highest first")
    #expect(seen.again == seen.sorted.sorted(), "once more: lowest first")
    #expect(seen.states == ["none", "descending", "ascending"])
    #expect(seen.filtered == 3 && seen.shown == "3 of 6 rows")
    #expect(seen.focusable, "the keyboard reaches the headings of columns")
    #expect(seen.copies > 0 && seen.copies % 2 == 0, "a button for each form of each table")
  }

  /// The same page without scripts has every row and no dead controls.
  @Test func thePageNeedsNoScript() throws {
    let page = try SampleStore.shared().page()
    let still = page.prefix(upTo: try #require(page.range(of: "<script>")).lowerBound)
    #expect(!still.contains("<button") && !still.contains("<input"))
    #expect(!page.contains("http://") && !page.contains("https://") && !page.contains("src="))
  }
}

/// Headless chromium.
enum Browser {
  enum Scheme: Int, Sendable, CaseIterable {
    case dark = 0
    case light = 1
  }

  /// What a script within the page found, and what the console said.
  struct Findings: Decodable {
    let width, overflow, figures, visibleCharts, sortable, filtered, copies: Int
    let isDark, focusable: Bool
    let palest: Double
    let palestText, shown: String
    let sorted, again: [Double]
    let states: [String]
    var complaints: [String]? = nil
  }

  private static let executable = [
    "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome",
  ]
  .first { FileManager.default.isExecutableFile(atPath: $0) }
  static var isThere: Bool { executable != nil }

  static func look(at sample: SampleStore, width: Int, scheme: Scheme) throws -> Findings {
    let folder = try TemporaryFolder()
    let page = try sample.page().replacing("</body>", with: "<script>\(probe)</script></body>")
    // No window is narrower than 500 pixels, but a frame within one may be.
    let host = """
      <!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><pre id="findings"></pre>
      <script>addEventListener('message', event => document.getElementById('findings').textContent = event.data);</script>
      <iframe width="\(width)" height="900" style="border: 0" srcdoc="\(Escaping.html(page))"></iframe>
      """
    let file = try folder.write(host, to: "host.html")
    let outcome = try Command.run(
      [
        "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
        "--virtual-time-budget=2000",
        "--user-data-dir=\(folder.url.path)/profile",
        "--blink-settings=preferredColorScheme=\(scheme.rawValue)",
        "--window-size=\(width + 100),1000", "--hide-scrollbars", "--dump-dom", file.absoluteString,
      ], executable: URL(fileURLWithPath: try #require(executable)))
    let text = try #require(
      outcome.output.firstMatch(of: #/<pre id="findings">([\s\S]*?)<\/pre>/#),
      "no findings: \(outcome.errors)")
    let json = String(text.1).replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing(
      "&amp;", with: "&")
    var findings = try JSONDecoder().decode(Findings.self, from: Data(json.utf8))
    findings.complaints = outcome.errors.split(separator: "\n").filter { $0.contains("CONSOLE") }.map(
      String.init)
    return findings
  }

  /// Runs in the page, after its own script. Contrast after WCAG 2.2, of all text that stands on the page itself.
  private static let probe = #"""
    (() => {
      document.querySelectorAll('details').forEach(details => details.open = true);
      const root = document.documentElement;
      const channels = color => color.match(/[\d.]+/g).map(Number);
      const light = color => channels(color).slice(0, 3).map(c => c / 255)
        .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
      const ground = element => {
        for (let at = element; at; at = at.parentElement) {
          const color = getComputedStyle(at).backgroundColor, parts = channels(color);
          if (parts.length < 4 || parts[3] > 0) return color;
        }
        return 'rgb(255, 255, 255)';
      };
      let palest = 21, palestText = '';
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        const node = walker.currentNode, element = node.parentElement;
        if (!node.data.trim() || element.closest('script, style, title, .skip')) continue;
        const style = getComputedStyle(element);
        const [a, b] = [element.closest('svg') ? style.fill : style.color, ground(element)].map(light);
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < palest) [palest, palestText] = [contrast, node.data.trim()];
      }
      const table = document.querySelector('#sample-by-relation table');
      const head = table.tHead.rows[0].cells[table.tHead.rows[0].cells.length - 1];
      const column = () => [...table.tBodies[0].rows].map(row => row.cells[head.cellIndex].dataset.value)
        .filter(value => value !== undefined).map(Number);
      const states = [head.getAttribute('aria-sort')];
      const button = head.querySelector('button');
      button.focus();
      const focusable = document.activeElement === button;
      button.click();
      const sorted = column();
      states.push(head.getAttribute('aria-sort'));
      button.click();
      const again = column();
      states.push(head.getAttribute('aria-sort'));
      const bar = table.parentElement.previousElementSibling;
      const input = bar ? bar.querySelector('input') : null;
      let filtered = -1, shown = '';
      if (input) {
        input.value = 'CAPITAL';
        input.dispatchEvent(new Event('input'));
        filtered = [...table.tBodies[0].rows].filter(row => row.getClientRects().length).length;
        shown = bar.querySelector('output').textContent;
      }
      parent.postMessage(JSON.stringify({
        width: innerWidth, overflow: Math.max(0, root.scrollWidth - root.clientWidth), focusable, palest, palestText,
        figures: document.querySelectorAll('figure .panels').length,
        visibleCharts: [...document.querySelectorAll('svg.chart')].filter(chart => chart.getBoundingClientRect().width > 100).length,
        sortable: document.querySelectorAll('th[aria-sort]').length, copies: document.querySelectorAll('.files button').length, filtered, shown, sorted, again, states,
        isDark: light(getComputedStyle(root).backgroundColor) < 0.1,
      }), '*');
    })();
    """#
}
