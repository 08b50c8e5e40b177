/// The style sheet, with a light and a dark set of colours.
enum Style {
  /// Colours by their names, those of figures in files too. Text is at least 4.5:1 on its background, marks at least 3:1. The series' colours stay apart for the colour-blind
  /// (after Okabe and Ito), and each has a form of its own.
  static let light = [
    ("paper", "#fff"), ("ink", "#1b1c1e"), ("soft", "#5b5f66"), ("rule", "#d9dbdf"),
    ("faint-rule", "#ebecef"),
    ("wash", "#f6f6f4"), ("accent", "#0b5a94"), ("heat", "#0f62a8"), ("focus", "#b4470a"), ("s0", "#0b66a8"),
    ("s1", "#b84a00"), ("s2", "#00755a"), ("s3", "#93388a"), ("s4", "#7d6100"), ("s5", "#3d4045"),
  ]

  static let colors = """
    :root { \(light.map { "--\($0): \($1);" }.joined(separator: " ")) }
    @media (prefers-color-scheme: dark) {
      :root {
        --paper: #15171a; --ink: #e9e8e4; --soft: #a3a8b0; --rule: #3a3e45; --faint-rule: #292c31; --wash: #1d2024;
        --accent: #82bdf0; --heat: #3f92e8; --focus: #ffb27a;
        --s0: #6db4f2; --s1: #ff9c61; --s2: #4fcba5; --s3: #dd9ad6; --s4: #d8bb53; --s5: #cfd2d7;
      }
    }

    """

  static let page = """
    * { box-sizing: border-box; }
    html { background: var(--paper); color: var(--ink); scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
    @media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
    body {
      margin: 0; padding: 0 1rem 6rem; font: 1.0625rem/1.6 "Iowan Old Style", Charter, "Source Serif 4", Georgia, "Liberation Serif", "DejaVu Serif", serif;
      font-variant-numeric: oldstyle-nums; text-rendering: optimizeLegibility; overflow-wrap: break-word;
    }
    .column { max-width: 42.5rem; margin-inline: auto; }
    .wide { max-width: 65rem; margin: 2.5rem auto 3rem; }
    header { padding-top: clamp(2.5rem, 8vw, 6rem); }
    h1, h2, h3, h4 { line-height: 1.2; font-weight: 600; text-wrap: balance; letter-spacing: -0.008em; }
    h1 { font-size: clamp(1.9rem, 5.5vw, 2.75rem); font-weight: 500; margin: 0 0 1rem; }
    h2 { font-size: 1.6rem; margin-top: 4.5rem; margin-bottom: 1rem; }
    h3 { font-size: 1.25rem; margin-top: 3.25rem; margin-bottom: .75rem; }
    .lead { font-size: 1.2rem; line-height: 1.5; color: var(--soft); margin: 0 0 2.5rem; }
    a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: .18em; }
    :focus-visible { outline: 2px solid var(--focus); outline-offset: 3px; border-radius: 2px; }
    .skip { position: absolute; left: 1rem; top: -4rem; padding: .5rem 1rem; background: var(--paper); z-index: 1; }
    .skip:focus { top: 1rem; }
    nav { border-block: 1px solid var(--rule); padding: 1.1rem 0 1.2rem; font-size: .95rem; }
    nav h2 { font: 600 .75rem/1.4 system-ui, sans-serif; letter-spacing: .06em; text-transform: uppercase; color: var(--soft); margin: 0 0 .5rem; }
    nav ol { list-style: none; margin: 0; padding: 0; columns: 2 16rem; column-gap: 2rem; }
    nav ol ol { columns: 1; padding-left: 1.1rem; }
    nav li { break-inside: avoid; padding: .1rem 0; }
    nav a { text-decoration: none; }
    nav a:hover { text-decoration: underline; }
    .findings { padding-left: 1.15rem; }
    .findings li { margin: .55rem 0; padding-left: .2rem; }
    .findings li::marker { color: var(--soft); }
    dl { border-top: 1px solid var(--rule); padding: 0; }
    dl div { display: grid; grid-template-columns: 8rem 1fr; gap: .25rem 1rem; padding: .45rem 0; border-bottom: 1px solid var(--faint-rule); }
    dt { color: var(--soft); font: .85rem/1.65rem system-ui, sans-serif; }
    dd { margin: 0; }
    figure { padding: 0; }
    figcaption { max-width: 42.5rem; margin: 1rem auto; font-size: .92rem; line-height: 1.5; color: var(--soft); }
    figcaption strong, figcaption .what { color: var(--ink); font-weight: 600; }
    details { max-width: 100%; }
    figure details, details.column { margin-top: .75rem; }
    figure > details > summary { max-width: 42.5rem; margin-inline: auto; }
    summary { cursor: pointer; font: .875rem/2 system-ui, sans-serif; color: var(--accent); }
    pre, code { font: .82rem/1.5 ui-monospace, "SF Mono", Menlo, "DejaVu Sans Mono", monospace; }
    pre { overflow: auto; max-height: 32rem; background: var(--wash); padding: 1rem; border-radius: 4px; }
    .note { color: var(--soft); font-size: .92rem; }
    .box { overflow-x: auto; max-width: 100%; max-height: 36rem; overflow-y: auto; border-block: 1.5px solid var(--ink); overscroll-behavior-x: contain; }
    table { border-collapse: collapse; width: 100%; font: .84rem/1.4 system-ui, "Liberation Sans", "DejaVu Sans", sans-serif; font-variant-numeric: tabular-nums lining-nums; }
    th, td { text-align: left; padding: .42rem .6rem; vertical-align: baseline; border-bottom: 1px solid var(--faint-rule); }
    tr > :first-child { padding-left: .1rem; }
    tr > :last-child { padding-right: .25rem; }
    thead th { position: sticky; top: 0; background: var(--paper); font-weight: 600; vertical-align: bottom; box-shadow: inset 0 -1px var(--rule); border: 0; min-width: 4.5rem; }
    tbody th { font-weight: 400; white-space: nowrap; }
    tbody tr:last-child > * { border-bottom: 0; }
    td.number, th.number { text-align: right; }
    td { white-space: nowrap; }
    td small { color: var(--soft); font-size: .92em; }
    td { min-width: 3rem; }
    .sign { color: var(--soft); display: inline-block; width: 1em; text-align: center; }
    .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    td { position: relative; }
    thead button { all: unset; cursor: pointer; font: inherit; }
    thead button:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
    thead button::after { content: "\\a0↕"; color: var(--soft); }
    [aria-sort="ascending"] button::after { content: "\\a0↑"; color: var(--accent); }
    [aria-sort="descending"] button::after { content: "\\a0↓"; color: var(--accent); }
    .bar { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: center; justify-content: space-between; font: .85rem/1.5 system-ui, sans-serif; color: var(--soft); margin: 0 0 .6rem; }
    .bar input { font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--soft); border-radius: 4px; padding: .25rem .5rem; width: 14rem; max-width: 60vw; }
    .panels { display: flex; flex-wrap: wrap; gap: 2rem 1.9rem; justify-content: center; }
    .panel { flex: 0 1 auto; max-width: 100%; min-width: 0; }
    .panel:not(.rigid) { align-self: flex-end; }
    .panel.rigid { overflow-x: auto; }
    .panel svg { display: block; max-width: 100%; height: auto; }
    .panel.rigid svg { max-width: none; }
    .files { font: .85rem/1.5 system-ui, sans-serif; color: var(--soft); max-width: 42.5rem; margin: .6rem auto; }
    .files button { all: unset; cursor: pointer; color: var(--accent); text-decoration: underline; text-decoration-thickness: 1px; text-underline-offset: .18em; }
    .files button:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
    .files > * + *::before { content: "·"; display: inline-block; color: var(--soft); padding: 0 .45em; }
    .roomy { display: none; }
    @media (min-width: 46rem) { .roomy { display: block; } .narrow { display: none; } }
    @media (max-width: 30rem) { dl div { grid-template-columns: 1fr; gap: 0; } body { font-size: 1rem; } }
    @media print {
      :root { --paper: #fff; --ink: #000; --soft: #444; --rule: #bbb; --faint-rule: #ddd; --accent: #000; --heat: #0f62a8;
        --s0: #0b66a8; --s1: #b84a00; --s2: #00755a; --s3: #93388a; --s4: #7d6100; --s5: #3d4045; }
      body { font-size: 10pt; padding: 0; }
      nav, .skip, .bar, .files, thead button::after { display: none; }
      .box { max-height: none; overflow: visible; }
      table { font-size: 6.5pt; }
      th, td { padding: .25rem .3rem; }
      thead th, td { min-width: 0; }
      td, tbody th { white-space: normal; overflow-wrap: anywhere; }
      .panels { gap: 1rem; }
      .panel.rigid { overflow: visible; }
      .panel svg { max-width: 100%; }
      @page { margin: 15mm; }
      thead th { position: static; }
      thead { display: table-row-group; }
      .panel, tr, figcaption { break-inside: avoid; }
      h2, h3 { break-after: avoid; }
    }

    """
}
