#!/usr/bin/env python3
"""wheel.py FOLDER VERSION GLIBC OUT: the Python package as a wheel, from a release's folder. What `make wheel` runs.

The command goes where scripts go and its data beside, so that `promptferry` is the binary itself and finds its data as it does
elsewhere. The same files give the same bytes.
"""
import base64, csv, hashlib, io, os, sys, time, zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
folder, version, glibc, out = Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4])
tag = f"py3-none-manylinux_{glibc.replace('.', '_')}_x86_64"
info, data = f"promptferry-{version}.dist-info", f"promptferry-{version}.data"

METADATA = f"""Metadata-Version: 2.1
Name: promptferry
Version: {version}
Summary: Carry soft prompts from one language model to another, without labels
License: Apache-2.0
Requires-Python: >=3.9
Provides-Extra: vectors
Requires-Dist: numpy; extra == "vectors"
Classifier: Programming Language :: Python :: 3
Classifier: Operating System :: POSIX :: Linux
Classifier: Topic :: Scientific/Engineering :: Artificial Intelligence
Classifier: Typing :: Typed
Description-Content-Type: text/markdown

"""


def files():
    """(name in the wheel, contents, whether it is run)."""
    for path in sorted((ROOT / "python/promptferry").glob("*")):
        if path.is_file(): yield f"promptferry/{path.name}", path.read_bytes(), False
    yield f"{data}/scripts/promptferry", (folder / "bin/promptferry").read_bytes(), True
    for place in ["lib", "share"]:
        for path in sorted((folder / place).rglob("*")):
            if path.is_file(): yield f"{data}/data/{path.relative_to(folder)}", path.read_bytes(), False
    yield f"{info}/METADATA", (METADATA + (ROOT / "python/README.md").read_text()).encode(), False
    yield f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: promptferry\nRoot-Is-Purelib: false\nTag: {tag}\n".encode(), False
    yield f"{info}/licenses/LICENSE", (folder / "LICENSE").read_bytes(), False


def main():
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"promptferry-{version}-{tag}.whl"
    date = time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"]))[:6]
    records = io.StringIO()
    rows = csv.writer(records, lineterminator="\n")
    with zipfile.ZipFile(path.with_suffix(".part"), "w", zipfile.ZIP_DEFLATED, compresslevel=9) as wheel:

        def add(name, contents, runs):
            entry = zipfile.ZipInfo(name, date)
            entry.external_attr = (0o100755 if runs else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            wheel.writestr(entry, contents)

        for name, contents, runs in files():
            add(name, contents, runs)
            digest = base64.urlsafe_b64encode(hashlib.sha256(contents).digest()).rstrip(b"=").decode()
            rows.writerow([name, f"sha256={digest}", len(contents)])
        rows.writerow([f"{info}/RECORD", "", ""])
        add(f"{info}/RECORD", records.getvalue().encode(), False)
    path.with_suffix(".part").rename(path)
    print(path, path.stat().st_size)


main()
