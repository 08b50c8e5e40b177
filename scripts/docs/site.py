#!/usr/bin/env python3
"""site.py SYMBOLS OUT: a website of the pages, the library's articles and its public symbols, as plain HTML with one stylesheet.

A page keeps its place: docs/maps.md becomes docs/maps.html, the README index.html; the articles and symbols are in library/. A link to
a file that is not a page takes the file along; one that leads nowhere ends the script. Nothing is loaded from elsewhere.
"""

import json
import os
import re
import shutil
import sys
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
DOCC = ROOT / "Sources/PromptTransfer/PromptTransfer.docc"
PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "NOTATION.md", "docs/*.md", "python/*.md", "Examples/*.md",
         "share/promptferry/*/*.md"]
MENU = [("PromptFerry", "index.html"), ("First hour", "docs/first-hour.html"), ("Demo", "docs/demo.html"),
        ("Findings", "docs/findings.html"), ("Maps", "docs/maps.html"), ("Tasks", "share/promptferry/tasks/README.html"),
        ("Experiments", "share/promptferry/experiments/README.html"), ("Cluster", "docs/cluster.html"),
        ("Prompt files", "docs/formats.html"), ("GGUF", "docs/gguf.html"), ("Hub", "docs/hub.html"),
        ("Speed", "docs/performance.html"), ("Releases", "docs/releases.html"), ("Python", "python/README.html"),
        ("Library", "library/PromptTransfer.html"), ("Changes", "CHANGELOG.html")]
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def address(file):
    """Where the page of a Markdown file stands."""
    if file.parent == DOCC:
        return f"library/{file.stem}.html"
    name = str(file.relative_to(ROOT).with_suffix(".html"))
    return "index.html" if name == "README.html" else name


def slug(title):
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", title.lower()).strip())


def way(here, there):
    return os.path.relpath(there, os.path.dirname(here) or ".")


class Site:
    def __init__(self, symbols, out):
        self.out = out
        self.files = {file: address(file) for pattern in PAGES for file in sorted(ROOT.glob(pattern))}
        self.files |= {file: address(file) for file in sorted(DOCC.glob("*.md"))}
        self.symbols = [s for s in json.loads(symbols.read_text())["symbols"]
                        if "::SYNTHESIZED::" not in s["identifier"]["precise"]]
        self.types = {s["pathComponents"][0] for s in self.symbols}
        self.wrong = []

    def link(self, href, file):
        """The address of what a page links to, as seen from its own; None where it is a folder without a page."""
        if re.match(r"https?:|mailto:|#", href):
            return href
        path, _, part = href.partition("#")
        target = (file.parent / path).resolve()
        if target.is_dir():
            target /= "README.md"
            if not target.exists():
                return None
        if target in self.files:
            there = self.files[target]
        elif target.is_file() and target.is_relative_to(ROOT):
            there = str(target.relative_to(ROOT))
            (self.out / there).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(target, self.out / there)
        else:
            self.wrong.append(f"{file.relative_to(ROOT)}: {href}")
            return None
        return way(self.files[file], there) + (f"#{part}" if part else "")

    def symbol_links(self, text):
        """DocC's links, as Markdown's."""
        def symbol(match):
            path = match[1].split("/")
            title = re.sub(r"-\(.*", "", path[-1])
            known = path[0] in self.types
            return f"[`{title}`](api.html#{path[0]})" if known else f"`{title}`"
        def article(match):
            title = (DOCC / f"{match[1]}.md").read_text().splitlines()[0].lstrip("# ").strip("`")
            return f"[{title}]({match[1]}.md)"
        return re.sub(r"``([^`]+)``", symbol, re.sub(r"<doc:(\w+)>", article, text))

    def html(self, text, file=None):
        """A page's Markdown as HTML; links are followed where the file is known."""
        tokens = MARKDOWN.parse(text)
        for token, following in zip(tokens, tokens[1:] + [None]):
            if token.type == "heading_open":
                token.attrSet("id", slug(following.content.replace("`", "")))
            for child in token.children or []:
                name = {"link_open": "href", "image": "src"}.get(child.type)
                if not name or not file or (file.parent == DOCC and child.attrs[name].startswith("api.html")):
                    continue
                there = self.link(child.attrs[name], file)
                if there is None:
                    del child.attrs[name]
                else:
                    child.attrSet(name, there)
        body = MARKDOWN.renderer.render(tokens, MARKDOWN.options, {})
        return body.replace("<table>", '<div class="table"><table>').replace("</table>", "</table></div>")

    def write(self, here, title, body):
        items = "".join(f'<li><a href="{way(here, there)}"{" aria-current=page" if there == here else ""}>{name}</a></li>'
                        for name, there in MENU)
        place = self.out / here
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<link rel="stylesheet" href="{way(here, "style.css")}">
<nav aria-label="Pages"><ul>{items}</ul></nav>
<main>
{body}
</main>
</html>
""")

    def api(self):
        """All public symbols on one page, below the type that they belong to."""
        def line(symbol):
            code = "".join(part["spelling"] for part in symbol["declarationFragments"])
            comment = "\n".join(l["text"] for l in symbol.get("docComment", {}).get("lines", []))
            return f"<pre><code>{escape(code)}</code></pre>\n{self.html(self.symbol_links(comment))}"
        out = ["<h1>Symbols</h1>"]
        for name in sorted(self.types):
            members = sorted((s for s in self.symbols if s["pathComponents"][0] == name), key=lambda s: s["pathComponents"])
            out.append(f'<h2 id="{escape(name)}">{escape(name)}</h2>')
            out += [f'<div class="{"member" if len(s["pathComponents"]) > 1 else "type"}">{line(s)}</div>' for s in members]
        self.write("library/api.html", "Symbols of PromptTransfer", "\n".join(out))

    def build(self):
        for file, here in self.files.items():
            text = file.read_text()
            if file.parent == DOCC:
                text = self.symbol_links(re.sub(r"^# ``(\w+)``", r"# \1", text))
                if file.stem == "PromptTransfer":
                    text = text.replace("## Topics", "## Topics\n\n[All public symbols](api.html) on one page.")
            title = re.search(r"^# (.+)", text, re.M)[1]
            self.write(here, title, self.html(text, file))
        self.api()
        shutil.copyfile(Path(__file__).with_name("style.css"), self.out / "style.css")
        pages = list(self.out.rglob("*.html"))
        for page in pages:
            text = page.read_text()
            ids = {page: set(re.findall(r' id="([^"]+)"', text))}
            for href in re.findall(r' (?:href|src)="([^"]*)"', text):
                if re.match(r"https?:", href):
                    continue
                path, _, part = href.partition("#")
                target = (page.parent / path).resolve() if path else page
                if target not in ids and target.suffix == ".html" and target.exists():
                    ids[target] = set(re.findall(r' id="([^"]+)"', target.read_text()))
                if not target.exists() or (part and part not in ids.get(target, ())):
                    self.wrong.append(f"{page.relative_to(self.out)}: {href}")
            if re.search(r'<(?:script|link|img|iframe)[^>]+(?:href|src)="https?:', text):
                self.wrong.append(f"{page.relative_to(self.out)}: loads something from elsewhere")
        if self.wrong:
            sys.exit("site.py: these links lead nowhere:\n" + "\n".join(self.wrong))
        print(f"{self.out}/index.html: {len(pages)} pages")


if __name__ == "__main__":
    out = Path(sys.argv[2]).resolve()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    Site(Path(sys.argv[1]), out).build()
