#!/usr/bin/env python3
"""Runs what README.md, docs/*.md and python/README.md show, and compares it with what they show under it.

    run_blocks.py BINARY [PAGE ...]

Each page has a temporary folder, in which the repository's own folders can be seen, and its blocks run there in order.

- ```console: each line that begins with "$ " is a command (a line that ends in \\ goes on in the next), the lines under it are
  its standard output. A command with nothing under it has only to succeed. Notes and progress, on standard error, are not shown.
- ```python: a program, run by $PYTHON. Behind a print stands what it prints: print(2 + 2)  # 4
- ```text, json, yaml, sh: not run. Nothing else may follow the three strokes.

What differs by machine: a number before s, ms, MB, GB or bytes may be any; "…" is any text, and alone on a line any lines.
On the line before a block may stand, as an HTML comment,

    not run: WHY           it cannot run everywhere: network, root, a long time
    needs: NAME, NAME      Python modules, or files and folders of the repository; without them it is skipped
    within: 0.5            numbers with a decimal point may differ by that much
"""

import difflib
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = os.environ.get("PYTHON", "python3")
if "/" in PYTHON:
    PYTHON = os.path.abspath(PYTHON)
NOT_RUN = {"text", "json", "yaml", "sh"}
NUMBER = r"-?\d+\.\d+"
TIMEOUT = 300


@dataclass
class Block:
    line: int
    language: str
    lines: list
    marks: dict


def blocks(page):
    """The fenced blocks of a page."""
    found, block, before = [], None, ""
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if line.startswith("```") and block is None:
            mark = re.fullmatch(r"<!-- (not run|needs|within): (.+) -->", before)
            block = Block(number, line[3:].strip(), [], {mark[1]: mark[2]} if mark else {})
        elif line.startswith("```"):
            found.append(block)
            block = None
        elif block:
            block.lines.append(line)
        before = line
    if block:
        sys.exit(f"{page}:{block.line}: the block has no end")
    return found


def commands(lines):
    """(command, lines shown under it) of a console block."""
    found, goes_on = [], False
    for line in lines:
        if goes_on:
            found[-1][0] += "\n" + line
        elif line.startswith("$ "):
            found.append([line[2:], []])
        elif not found:
            raise ValueError(f'a console block begins with "$ ": {line}')
        else:
            found[-1][1].append(line)
        goes_on = line.endswith("\\") and (goes_on or line.startswith("$ "))
    return found


def same_line(shown, real, within):
    pattern = re.escape(shown)
    pattern = re.sub(r"\d+(?:\\\.\d+)?(?=\\ (?:s|ms|MB|GB|bytes)\b)", r"[\\d.]+", pattern)
    pattern = pattern.replace("…", ".*")
    wanted = []
    if within:
        wanted = re.findall(NUMBER, shown)
        pattern = re.sub(r"(?:\\-)?\d+\\\.\d+", lambda _: f"({NUMBER})", pattern)
        pattern = re.sub(r"(?:\\ ){2,}", r"\\s+", pattern)
    match = re.fullmatch(pattern, real.rstrip())
    return bool(match) and all(abs(float(a) - float(b)) <= within + 1e-9 for a, b in zip(wanted, match.groups()))


def same(shown, real, within=0):
    """Whether the lines shown are the real ones."""
    if not shown:
        return not real
    if shown[0] == "…":
        return any(same(shown[1:], real[k:], within) for k in range(len(real) + 1))
    return bool(real) and same_line(shown[0].rstrip(), real[0], within) and same(shown[1:], real[1:], within)


def lacking(needs):
    """What of it is not there: modules of Python, or paths of the repository."""
    for name in re.split(r", *", needs):
        if "/" in name:
            if not (ROOT / name).exists():
                yield name
        elif subprocess.run([PYTHON, "-c", f"import {name}"], capture_output=True, timeout=TIMEOUT).returncode:
            yield name


def run(command, folder, environment):
    try:
        return subprocess.run(command, cwd=folder, env=environment, text=True, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise ValueError(f"took more than {TIMEOUT} s: {command[-1]}") from None


def check(name, shown, done, within):
    """Raises what is wrong with a command that was run."""
    if done.returncode:
        raise ValueError(f"{name}\nended with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")
    real = done.stdout.splitlines()
    if shown and not same(shown, real, within):
        raise ValueError("\n".join([name, *difflib.unified_diff(shown, real, "shown", "real", lineterm="")]))


def run_block(block, folder, environment):
    within = float(block.marks.get("within", 0))
    if block.language == "python":
        done = run([PYTHON, "-c", "\n".join(block.lines)], folder, environment)
        prints = [line for line in block.lines if line.startswith("print(")]
        shown = [line.rpartition("  # ")[2] if "  # " in line else "…" for line in prints]
        check("the program", shown, done, within)
        return
    for command, shown in commands(block.lines):
        while shown and not shown[-1]:
            shown.pop()
        check(f"$ {command}", shown, run(["bash", "-eo", "pipefail", "-c", command], folder, environment), within)


def settings(folder):
    """The environment of a page: the command on the path, and nothing that leads out of its folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "PROMPTFERRY_", "SLURM"))}
    bin_folder = folder.parent / "bin"
    return kept | {"PATH": f"{bin_folder}:{kept['PATH']}", "HOME": str(folder.parent), "TMPDIR": str(folder.parent),
                   "XDG_CACHE_HOME": str(folder.parent / "cache"), "HF_HUB_OFFLINE": "1", "LC_ALL": "C.UTF-8",
                   "PYTHONPATH": str(ROOT / "python"), "PYTHONWARNINGS": "ignore"}


def main():
    binary = Path(sys.argv[1]).resolve()
    pages = [Path(name).resolve() for name in sys.argv[2:]]
    pages = pages or [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "python/README.md"]
    ran, skipped, wrong = 0, 0, 0
    for page in pages:
        with tempfile.TemporaryDirectory() as home:
            folder = Path(home) / "work"
            folder.mkdir()
            (Path(home) / "bin").mkdir()
            (Path(home) / "bin/promptferry").symlink_to(binary)
            for name in ["docs", "share", "models"]:
                if (ROOT / name).exists():
                    (folder / name).symlink_to(ROOT / name)
            for block in blocks(page):
                where = f"{page.relative_to(ROOT) if page.is_relative_to(ROOT) else page}:{block.line}"
                if block.language in NOT_RUN:
                    continue
                why = block.marks.get("not run")
                missing = ", ".join(lacking(block.marks["needs"])) if "needs" in block.marks else ""
                if why or missing:
                    skipped += 1
                    print(f"{where}: NOT RUN: {why or missing + ' not there'}", flush=True)
                    continue
                try:
                    if block.language not in ("console", "python"):
                        raise ValueError(f'a block says console, python or {", ".join(sorted(NOT_RUN))}, not "{block.language}"')
                    run_block(block, folder, settings(folder))
                    ran += 1
                except ValueError as error:
                    wrong += 1
                    print(f"{where}: {error}\n", flush=True)
    print(f"{ran} blocks ran, {skipped} not, {wrong} wrong")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
