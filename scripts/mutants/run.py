#!/usr/bin/env python3
"""Plants the faults of faults.json, one at a time, and says which the tests catch.

  scripts/mutants/run.py [--only ID ...] [--without PATTERN ...] [--swift swift] [-c release]        what `make mutants` runs

The product's code stays clean. A copy of the tree in .build-mutants/ gets all faults at once, each behind a switch:
`find`, which must occur exactly once in its file, becomes `replace`, where FAULT is a Boolean that the environment variable
PROMPTFERRY_FAULT=ID makes true. So there is one build. Without the variable the copy is the product, and every test must pass.
Then come the faults: for each the tests that know most of its area first, then whole test targets, until one fails.

Exit status: 1 where more than two faults survive, or the copy's tests fail with no fault planted.
"""
import argparse, json, os, re, shutil, subprocess, sys, time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COPY = ROOT / ".build-mutants"
TOLERATED = 2
SECONDS = 600                    # tests that take longer under a fault have noticed it
SKIPPED = ["FuzzTests", "fiftyKills", "BrowserTests", "LargeTarget"]     # slow, and not about numbers

# What may see a fault of an area, the likeliest first; as filters of `swift test`.
PIPELINES = "PromptTransferTests.Pipeline"
TARGETS = {
    "Experiments": ["CommandTests.PipelineExperiment", "ExperimentsTests", "CommandTests", "PromptTransferTests"],
    "Address": ["CommandTests.ExperimentInputs", "ExperimentsTests", "CommandTests"],
    "Hub": ["HubTests", "CommandTests"],
    "Models": ["LanguageModelsTests", "PromptTransferTests"],
    "Command": ["CommandTests.Pipeline", "CommandTests"],
    "Tensors": ["TensorsTests", "LanguageModelsTests"],
    "CUDA": ["LanguageModelsTests.CUDA", "PromptTransferTests.Device", "CommandTests.Device"],
    "Answers": ["CommandTests.AnswerGolden", "LanguageModelsTests.Continuation", "CommandTests"],
    None: [PIPELINES, "PromptTransferTests", "ExperimentsTests", "CommandTests", "LanguageModelsTests"],
}


def tracked():
    """What a checkout of the working tree would hold."""
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True, capture_output=True)
    return sorted(name for name in out.stdout.decode().split("\0") if name and (ROOT / name).is_file())


def planted(text, faults, file):
    """The text with every fault behind its switch."""
    spans = []
    for number, fault in faults:
        count = text.count(fault["find"])
        if count != 1: sys.exit(f"{fault['id']}: `find` occurs {count} times in {file}, not once: adapt faults.json")
        if not re.search(r"\bFAULT\b", fault["replace"]): sys.exit(f"{fault['id']}: `replace` has no FAULT")
        start = text.index(fault["find"])
        spans.append((start, start + len(fault["find"]), re.sub(r"\bFAULT\b", f"fault{number}", fault["replace"])))
    spans.sort(reverse=True)
    for (start, _, _), (_, end, _) in zip(spans, spans[1:]):
        if end > start: sys.exit(f"two faults overlap in {file}")
    for start, end, new in spans: text = text[:start] + new + text[end:]
    return text


def write(path, data):
    """Leaves files alone that are as they should be, so that the next build is a short one."""
    if path.exists() and path.read_bytes() == data: return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def make_copy(faults):
    names, by_file, by_target = tracked(), {}, {}
    for number, fault in enumerate(faults):
        by_file.setdefault(fault["file"], []).append((number, fault))
        by_target.setdefault(Path(fault["file"]).parts[1], []).append((number, fault["id"]))
    for name in by_file.keys() - set(names): sys.exit(f"{name}, which faults.json names, is not there")
    contents = {}
    for name in names:
        data = (ROOT / name).read_bytes()
        contents[name] = planted(data.decode(), by_file[name], name).encode() if name in by_file else data
    for target, numbers in by_target.items():
        lines = [f'let fault{number} = activeFault == "{identifier}"' for number, identifier in numbers]
        contents[f"Sources/{target}/ActiveFault.swift"] = (
            "import Foundation\n\nprivate let activeFault = ProcessInfo.processInfo.environment[\"PROMPTFERRY_FAULT\"] ?? \"\"\n"
            + "\n".join(lines) + "\n").encode()
    kernels = [(number, fault["id"]) for number, fault in enumerate(faults) if fault["file"].endswith(".cu")]
    if kernels:                                                              # as tests compile them, for this processor
        shim = "Tests/CUDAEmulation/shim.h"
        lines = [f'static const bool fault{number} = !strcmp(active_fault ? active_fault : "", "{identifier}");'
                 for number, identifier in kernels]
        contents[shim] += ("\n#include <stdlib.h>\nstatic const char *active_fault = getenv(\"PROMPTFERRY_FAULT\");\n"
                           + "\n".join(lines) + "\n").encode()
    for name, data in contents.items():
        write(COPY / name, data)
        if os.access(ROOT / name, os.X_OK): (COPY / name).chmod(0o755)
    for folder, folders, files in os.walk(COPY):                             # what was there and is no more
        folders[:] = [f for f in folders if f != ".build"]
        for file in files:
            path = Path(folder) / file
            if str(path.relative_to(COPY)) not in contents and file != "Package.resolved": path.unlink()


class Suite:
    def __init__(self, swift, flags, skipped=()):
        self.swift, self.flags, self.skipped = swift, flags, [*SKIPPED, *skipped]

    def build(self):
        subprocess.run([self.swift, "build", *self.flags, "--build-tests"], cwd=COPY, check=True)

    def run(self, target, fault=None):
        """Nil, or the first complaint."""
        command = [self.swift, "test", *self.flags, "--skip-build", "--filter", target]
        for name in self.skipped: command += ["--skip", name]
        environment = dict(os.environ, SWIFT_BACKTRACE="enable=no", **({"PROMPTFERRY_FAULT": fault} if fault else {}))
        try:
            done = subprocess.run(command, cwd=COPY, env=environment, timeout=SECONDS, capture_output=True, text=True)
        except subprocess.TimeoutExpired:
            return f"{target}: no end after {SECONDS} s"
        if done.returncode == 0: return None
        text = done.stdout + done.stderr
        issue = re.search(r"Test \"?([\w(): ,.'-]+?)\"? recorded an issue.*? at (\w+\.swift):(\d+)", text)
        return f"{target}: {issue[1]} ({issue[2]}:{issue[3]})" if issue else f"{target}: ended with {done.returncode}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="ID", help="these faults, and not the clean run before them")
    parser.add_argument("--no-build", action="store_true", help="take the copy as it was built last")
    parser.add_argument("--without", nargs="+", default=[], metavar="PATTERN", help="leave out tests, to see what the others catch")
    parser.add_argument("--json", type=Path, help="also write the table there")
    parser.add_argument("--faults", type=Path, default=Path(__file__).parent / "faults.json", help="another list")
    parser.add_argument("--swift", default="swift")
    options, flags = parser.parse_known_args()
    faults = json.loads(options.faults.read_text())
    identifiers = [fault["id"] for fault in faults]
    if len(set(identifiers)) < len(identifiers): sys.exit("faults.json has an id twice")
    if unknown := set(options.only) - set(identifiers): sys.exit(f"no fault {', '.join(sorted(unknown))}")
    suite = Suite(options.swift, flags or ["-c", "release"], options.without)
    if not options.no_build:
        make_copy(faults)
        suite.build()
    if not options.only:
        start = time.time()
        if complaint := suite.run("."): sys.exit(f"with no fault planted: {complaint}")
        print(f"with no fault planted every test passes, in {time.time() - start:.0f} s", flush=True)
    table = []
    for fault in faults:
        if options.only and fault["id"] not in options.only: continue
        targets, start = TARGETS.get(fault["area"], TARGETS[None]), time.time()
        caught = next(filter(None, (suite.run(target, fault["id"]) for target in targets)), None)
        table.append({**{key: fault[key] for key in ["id", "area", "sentence"]}, "caughtBy": caught})
        print(f"{fault['id']:32} {caught or 'SURVIVED'}  [{time.time() - start:.0f} s]", flush=True)
    survivors = [row for row in table if not row["caughtBy"]]
    print(f"\n{len(table) - len(survivors)} of {len(table)} caught")
    for row in survivors: print(f"SURVIVED {row['id']}: {row['sentence']}")
    if options.json: options.json.write_text(json.dumps(table, indent=1) + "\n")
    return len(survivors) > TOLERATED


if __name__ == "__main__":
    sys.exit(main())
