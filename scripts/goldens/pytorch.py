"""Goldens of the reader of PyTorch's own weight files.

  python scripts/goldens/pytorch.py        Tests/Fixtures/pytorch/*.bin, values.safetensors, golden.json

sound files      what torch.save makes of state dicts; values.safetensors has each tensor as FILE:NAME, contiguous, in
                 its own type; golden.json's "contiguous" says which of them lie in one piece in the .bin file
refused files    golden.json's "refused" says what the error must contain
sharded          a folder with two shards and their index, values as sharded:NAME
"""
import os, shutil, zipfile

import common
import safetensors.torch
import torch

MARKER = "promptferry-was-here"


class Command:
    """Unpickling it the usual way runs a command."""
    def __reduce__(self):
        return os.system, (f"touch {MARKER}",)


def module(generator):
    net = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.LayerNorm(5), torch.nn.Linear(5, 2, bias=False))
    with torch.no_grad():
        for parameter in net.parameters(): parameter.normal_(generator=generator)
    return net


def types(generator):
    whole = torch.randint(0, 100, (2, 3), generator=generator)
    floats = torch.randn((4, 3), generator=generator)
    tensors = {str(t).removeprefix("torch."): floats.to(t) for t in
               [torch.float32, torch.float16, torch.bfloat16, torch.float64]}
    tensors |= {str(t).removeprefix("torch."): whole.to(t) for t in
                [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8]}
    return tensors | {"bool": whole > 50, "negative": -whole, "scalar": torch.tensor(2.5),
                      "empty": torch.zeros(0, 3), "größe": torch.ones(1)}


def views(generator):
    """Views of three storages, and whether PyTorch calls them contiguous."""
    table = torch.randn((6, 4), generator=generator)
    half = torch.randn((2, 3, 4), generator=generator).half()
    return {
        "table": table, "tied": table, "rows": table[2:5], "row": table[3], "element": table[1, 2],
        "one": table[4:5, :], "end": table[6:], "transposed": table.T, "columns": table[:, 1:3],
        "column": table[:, 2], "steps": table[::2], "corner": table[1:4, 2:].T, "flat": table.view(-1)[5:17],
        "half": half, "permuted": half.permute(2, 0, 1), "half.transposed": half[1].T,
        "expanded": torch.arange(3.0).expand(4, 3), "ones": table[:, :1].expand(6, 1),
    }


def make_sound(generator):
    net = module(generator)
    state = net.state_dict()
    nested = {"epoch": 3, "loss": 0.25, "seed": 2**80, "best": None, "done": True, "notes": ["a", 1, [2.0]],
              "negative": -70000, "big": 2**40,
              "optimizer": {"state": {0: {"step": torch.ones(1)}}, "betas": (0.9, 0.99)}}
    return {
        "module": state, "types": types(generator), "views": views(generator),
        "parameters": dict(net.named_parameters()),
        "frozen": {"a": torch.nn.Parameter(torch.ones(2, 2), requires_grad=False)},
        "nested": nested | {"state_dict": state}, "model": {"model": dict(state), "epoch": 1},
        "protocol4": state, "unchecked": state, "many": {f"t.{i}": torch.tensor([float(i)]) for i in range(70)},
    }


def write_sound(path, state):
    torch.serialization.set_crc32_options(path.stem != "unchecked")
    torch.save(state, path, pickle_protocol=4 if path.stem == "protocol4" else 2)
    torch.serialization.set_crc32_options(True)
    if path.stem == "protocol4": return                                          # PyTorch's safe loader has only 2
    loaded = tensors_of(torch.load(path, weights_only=True))
    assert all(torch.equal(t, loaded[name]) for name, t in tensors_of(state).items())


def tensors_of(state):
    for key in ["state_dict", "model"]:
        if isinstance(state.get(key), dict): state = state[key]
    return {name: t.detach() for name, t in state.items() if isinstance(t, torch.Tensor)}


def rewrite(path, source, method):
    """The same entries by Python's own zip writer: no zip64 records, no padding."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", method) as new:
        for entry in old.infolist():
            new.writestr(zipfile.ZipInfo(entry.filename), old.read(entry), method)


def write_refused(folder, generator):
    net = module(generator)
    torch.save({"a": torch.ones(2), "b": Command()}, folder / "command.bin")
    torch.save({"a": torch.ones(2), "b": Command()}, folder / "command4.bin", pickle_protocol=4)
    # No tensors: the old format names storages by addresses, which differ from run to run.
    torch.save({"a": 1.0}, folder / "legacy.bin", _use_new_zipfile_serialization=False)
    torch.save(net, folder / "whole.bin")
    torch.save([torch.ones(2)], folder / "list.bin")
    torch.save({"net": {"a": torch.ones(2)}}, folder / "elsewhere.bin")
    torch.save({"a": torch.ones(1).expand(2**21)}, folder / "repeated.bin")
    torch.save({"a": torch.eye(2).to_sparse()}, folder / "sparse.bin")
    torch.save({"a": torch.ones(2).to(torch.float8_e4m3fn)}, folder / "float8.bin")
    torch.save({"a": torch.ones((1,) * 9)}, folder / "dimensions.bin")
    rewrite(folder / "compressed.bin", folder / "module.bin", zipfile.ZIP_DEFLATED)
    return {
        "command": ['"posix.system"', "nothing was run"], "command4": ['"posix.system"', "nothing was run"],
        "legacy": ["before version 1.6", "torch.save("], "whole": ['"torch.nn.modules.container.Sequential"'],
        "list": ["no dictionary of tensors"], "elsewhere": ["no tensors by name"],
        "repeated": ["a: repeats the elements", ".contiguous()"], "sparse": ['"torch._utils._rebuild_sparse_tensor"'],
        "float8": ['"torch._utils._rebuild_tensor_v3"'], "dimensions": ["more than 8 dimensions"],
        "compressed": ["is compressed"],
    }


def write_sharded(folder, state):
    folder.mkdir()
    names, place = list(state), {}
    for number, part in enumerate([names[:3], names[3:]], 1):
        path = f"pytorch_model-{number:05}-of-00002.bin"
        torch.save({name: state[name] for name in part}, folder / path)
        place |= {name: path for name in part}
    size = sum(t.nbytes for t in state.values())
    common.write_json(folder / "pytorch_model.bin.index.json", {"metadata": {"total_size": size}, "weight_map": place})
    common.write_json(folder / "config.json", {"model_type": "none"})


def main():
    folder = common.FIXTURES / "pytorch"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    generator = torch.Generator().manual_seed(0)
    values, contiguous = {}, {}
    for name, state in make_sound(generator).items():
        write_sound(folder / f"{name}.bin", state)
        tensors = tensors_of(state)
        values |= {f"{name}:{key}": t.clone(memory_format=torch.contiguous_format) for key, t in tensors.items()}
        contiguous[name] = sorted(key for key, t in tensors.items() if t.is_contiguous())
    state = module(generator).state_dict()
    rewrite(folder / "rewritten.bin", folder / "module.bin", zipfile.ZIP_STORED)
    for key, t in torch.load(folder / "module.bin").items(): values[f"rewritten:{key}"] = t.clone()
    contiguous["rewritten"] = contiguous["module"]
    write_sharded(folder / "sharded", state)
    values |= {f"sharded:{key}": t.clone() for key, t in state.items()}
    refused = write_refused(folder, generator)
    safetensors.torch.save_file(values, folder / "values.safetensors")
    (folder / "values.safetensors").chmod(0o644)
    common.write_json(folder / "golden.json", {"contiguous": contiguous, "refused": refused, "marker": MARKER})
    files = [f for f in folder.rglob("*") if f.is_file()]
    common.write_manifest(folder, "scripts/goldens/pytorch.py", files, ["torch", "safetensors"])
    print(f"{sum(f.stat().st_size for f in files):,} bytes in {folder}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
