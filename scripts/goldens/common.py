"""What the golden scripts share: where fixtures go, files with stable bytes, the manifest."""
import hashlib, importlib.metadata, json, sys
from pathlib import Path

import numpy as np
import safetensors.numpy

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FIXTURES = ROOT / "Tests/Fixtures"
PACKAGES = ["torch", "transformers", "tokenizers", "safetensors", "numpy"]

# A script's own folder comes first in Python's search path. Any tokenizers.py here would hide the package
# of that name from transformers, so the folder leaves the path: import this module before transformers.
sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != HERE]


def write_json(path, record):
    """One top-level key a line, sorted: readable, and small where a value is a long list."""
    lines = [f"  {json.dumps(k)}: {json.dumps(record[k], sort_keys=True)}" for k in sorted(record)]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def write_tensors(path, tensors):
    """Every tensor as F32. safetensors orders them by name, so the bytes depend on the values only."""
    arrays = {name: np.ascontiguousarray(t, dtype=np.float32) for name, t in tensors.items()}
    safetensors.numpy.save_file(arrays, path)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_manifest(folder, script, files, packages=PACKAGES):
    """What made the files, and what they must be: no date, no machine, so that re-running changes nothing."""
    write_json(folder / "manifest.json", {
        "schema": 1,
        "script": script,
        "packages": {name: importlib.metadata.version(name) for name in packages},
        "files": [{"path": str(f.relative_to(folder)), "bytes": f.stat().st_size, "sha256": sha256(f)}
                  for f in sorted(files)],
    })
