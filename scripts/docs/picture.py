#!/usr/bin/env python3
"""picture.py [PAGE]: what the demo's page shows, as a picture (SVG): docs/demo.svg is picture.py docs/demo.md.

The numbers are read from the page, where `make docs-check` compares them with what `promptferry demo` prints.
"""

import re
import sys
from html import escape
from pathlib import Path

ROWS = {  # row of the demo's table: what it is called here, colour
    "manual template": ("a sentence written by hand", "#8a8f98"),
    "nearest words": ("nearest words", "#8a8f98"),
    "linear map": ("linear map", "#8a8f98"),
    "canonical map, strength (default)": ("carried by promptferry", "#2f81d7"),
    "direct tuning (ceiling)": ("tuned there, with its labels", "#8a8f98"),
}
WIDTH, LEFT, ROW, GAP = 540, 205, 22, 30
INK = "#7a808a"  # reads on white and on black


def table(page):
    """{row: numbers} of the demo's table, and the names of its columns."""
    lines = page.splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("macro P@1"))
    columns = re.split(r"\s{2,}", lines[start].strip())[1:]
    rows = {}
    for line in lines[start + 2:]:
        if not line.strip():
            break
        name, *numbers = re.split(r"\s{2,}", line.strip())
        rows[name] = [None if n == "–" else float(n) for n in numbers]
    return columns, rows


def text(x, y, words, extra=""):
    return f'<text x="{x}" y="{y}" fill="{INK}" {extra}>{escape(words)}</text>'


def picture(page):
    columns, rows = table(page)
    y, out = 20, []
    for column in (1, 2):  # between the two larger models, both ways
        out.append(text(0, y, columns[column], 'font-weight="bold"'))
        y += 10
        for row, (name, colour) in ROWS.items():
            value = rows[row][column]
            length = round((WIDTH - LEFT - 70) * value / 100, 1)
            out.append(text(LEFT - 10, y + 15, name, 'text-anchor="end"'))
            out.append(f'<rect x="{LEFT}" y="{y + 2}" width="{length}" height="{ROW - 5}" rx="2" fill="{colour}"/>')
            out.append(text(LEFT + length + 8, y + 15, f"{value:.1f} %"))
            y += ROW
        y += GAP
    label = "Facts that the target answers right: " + "; ".join(
        f"{columns[c]}: " + ", ".join(f"{name} {rows[row][c]:.1f} %" for row, (name, _) in ROWS.items()) for c in (1, 2))
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y - GAP + 6}" width="{WIDTH}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="14">',
        f"<title>{escape(label)}</title>", *out, "</svg>", ""])


if __name__ == "__main__":
    page = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2] / "docs/demo.md"
    sys.stdout.write(picture(page.read_text()))
