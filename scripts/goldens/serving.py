"""Goldens of what is written for servers.

  python scripts/goldens/serving.py        Tests/Fixtures/serving/

grid.pt | wide.pt      torch.save of tensors (5, 8), value = row + column / 16, and (1, 300)
grid.pkl | wide.pkl    their data.pkl without stores of what is never recalled (pickletools.optimize)
table.npy              numpy.save of the first with a leading dimension, (1, 5, 8)
"""
import pickletools, zipfile

import common
import numpy as np
import torch

OUT = common.FIXTURES / "serving"


def main():
    OUT.mkdir(exist_ok=True)
    grid = torch.arange(5.0)[:, None] + torch.arange(8.0) / 16
    for name, tensor in [("grid", grid), ("wide", torch.arange(300.0)[None])]:
        path = OUT / f"{name}.pt"
        torch.save(tensor, path)
        with zipfile.ZipFile(path) as archive: pickle = archive.read(f"{name}/data.pkl")
        (OUT / f"{name}.pkl").write_bytes(pickletools.optimize(pickle))
    np.save(OUT / "table.npy", grid.numpy()[None])
    files = [file for file in OUT.iterdir() if file.name != "manifest.json"]
    common.write_manifest(OUT, "scripts/goldens/serving.py", files, ["torch", "numpy"])


if __name__ == "__main__":
    main()
