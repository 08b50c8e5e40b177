"""Goldens of the frozen models: tiny random checkpoints, and what transformers computes with them.

  python scripts/goldens/models.py         Tests/Fixtures/models/<case>/: checkpoint, golden.json, golden.safetensors
  python scripts/goldens/models.py --zoo   Tests/Fixtures/zoo/<name>/: golden files only, for share/promptferry/zoo/<name>

golden.json
  sequences      token ids; -1 is a prompt slot, the slots of a sequence take V1, V2, V3 in order
  read, labels   the row that is read in each sequence, and the token that is right there
  promptVectors, learningRate, schedule, transformers   settings of the ten steps, version of the reference
  float64Difference   largest |float32 - float64| of every tensor: what tolerances are derived from
golden.safetensors (F32; sumT = tokens of all sequences, one after another, without padding)
  prompt (P, C); embeddings (sumT, C), after LayerNorm; layer.0 .. layer.{L-1} (sumT, C); logits (B, V) at `read`
  loss (1), mean cross-entropy over the whole vocabulary; prompt_gradient (P, C); both again as *64, from float64
  steps.loss (10), before each update; steps.prompt (10, P, C), after each update: AdamW with no weight decay
  steps_decay.prompt (10, P, C): the same with weight decay 0.1
The first learning rate of the schedule is 0, so the first row of steps.prompt is the prompt itself.
"""
import shutil, sys, zlib
from dataclasses import dataclass

import common
import numpy as np
import torch, transformers
from safetensors.torch import save_file

P, STEPS, WARMUP, LEARNING_RATE = 3, 10, 2, 3e-3
ZOO, ZOO_BYTES = common.ROOT / "share/promptferry/zoo", 150_000
ZOO_MAY_DROP = ["steps_decay.prompt", "prompt_gradient64", "loss64", "steps.prompt"]  # in this order, to fit


@dataclass
class Case:
    family: str        # bert | roberta
    config: dict       # beyond DEFAULTS
    lengths: list      # tokens of the six sequences; the longest may fill every position the model has
    dtype: torch.dtype = torch.float32
    shards: int = 1


DEFAULTS = {
    "bert": {"architectures": ["BertForMaskedLM"], "model_type": "bert", "pad_token_id": 0, "type_vocab_size": 2,
             "layer_norm_eps": 1e-12},
    "roberta": {"architectures": ["RobertaForMaskedLM"], "model_type": "roberta", "pad_token_id": 1, "bos_token_id": 0,
                "eos_token_id": 2, "type_vocab_size": 1, "layer_norm_eps": 1e-5},
}
SHARED = {"hidden_act": "gelu", "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "torch_dtype": "float32"}

CASES = {
    "bert-odd": Case("bert", dict(hidden_size=48, num_hidden_layers=3, num_attention_heads=4, intermediate_size=80,
                                  vocab_size=131, max_position_embeddings=40), [13, 40, 6, 9, 22, 7]),
    "roberta-odd": Case("roberta", dict(hidden_size=40, num_hidden_layers=2, num_attention_heads=5, intermediate_size=96,
                                        vocab_size=157, max_position_embeddings=36), [11, 6, 34, 17, 8, 25]),
    "bert-untied": Case("bert", dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=2, intermediate_size=56,
                                     vocab_size=89, max_position_embeddings=32, hidden_act="gelu_new",
                                     tie_word_embeddings=False, torch_dtype="bfloat16"),
                        [8, 6, 15, 12, 20, 10], torch.bfloat16),
    "roberta-relu": Case("roberta", dict(hidden_size=32, num_hidden_layers=1, num_attention_heads=4, intermediate_size=64,
                                         vocab_size=113, max_position_embeddings=30, hidden_act="relu",
                                         torch_dtype="float16"), [9, 14, 6, 21, 7, 12], torch.float16, shards=2),
    "bert-long": Case("bert", dict(hidden_size=64, num_hidden_layers=4, num_attention_heads=2, intermediate_size=128,
                                   vocab_size=97, max_position_embeddings=64), [33, 6, 60, 47, 18, 12]),
}


# The checkpoints

def random_weights(model, rng):
    """Large enough that every part matters; tied weights are drawn once. Name -> F32 tensor, sorted by name."""
    weights = {}
    for name, parameter in sorted(model.named_parameters()):
        noise = torch.from_numpy(rng.standard_normal(tuple(parameter.shape)).astype(np.float32))
        is_scale = "layernorm.weight" in name.lower().replace("_", "")
        weights[name] = 1 + 0.2 * noise if is_scale else 0.15 * noise
    return weights


def as_stored(name, weights, config, rng):
    """The same weights under the names, and with the strays, that real files of this kind have."""
    C = config.hidden_size
    draw = lambda *shape: torch.from_numpy(rng.standard_normal(shape).astype(np.float32))
    positions = torch.arange(config.max_position_embeddings)[None]  # (1, positions) I64, a buffer of old files
    if name == "bert-odd":
        rename = lambda n: n.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        strays = {"bert.pooler.dense.weight": draw(C, C), "bert.pooler.dense.bias": draw(C),
                  "cls.seq_relationship.weight": draw(2, C), "cls.seq_relationship.bias": draw(2),
                  "bert.embeddings.position_ids": positions}
        return {rename(n): t for n, t in weights.items()} | strays
    if name == "roberta-odd":
        return weights | {"lm_head.decoder.weight": weights["roberta.embeddings.word_embeddings.weight"].clone(),
                          "lm_head.decoder.bias": weights["lm_head.bias"].clone(),
                          "roberta.embeddings.position_ids": positions}
    if name == "roberta-relu":
        return {n.removeprefix("roberta."): t for n, t in weights.items()}
    return weights


def write_checkpoint(folder, tensors, shards):
    if shards == 1:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return
    names, where = list(tensors), {}
    for s in range(shards):
        file = f"model-{s + 1:05}-of-{shards:05}.safetensors"
        part = {n: tensors[n] for n in names[s * len(names) // shards:(s + 1) * len(names) // shards]}
        save_file(part, folder / file, metadata={"format": "pt"})
        where |= {n: file for n in part}
    total = sum(t.numel() * t.element_size() for t in tensors.values())
    common.write_json(folder / "model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": where})


def load(folder):
    """The model as transformers reads it: float32 whatever is stored, eval mode, frozen, every tensor found."""
    model, info = transformers.AutoModelForMaskedLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
    assert not info["missing_keys"] and not info["mismatched_keys"], info
    return model.eval().requires_grad_(False)


def make_sequences(lengths, ids, rng, ends=None, mask=None):
    """Ragged sequences with P slots and one row to read; the first has them side by side, the others anywhere."""
    sequences, read = [], []
    for number, length in enumerate(lengths):
        sequence = rng.choice(ids, length).tolist()
        if ends: sequence[0], sequence[-1] = ends
        at = np.arange(2, 3 + P) if number == 0 else rng.permutation(np.arange(1, length - 1))[:P + 1]
        for slot in at[:P]: sequence[slot] = -1
        if mask is not None: sequence[at[P]] = mask
        sequences.append(sequence); read.append(int(at[P]))
    return sequences, read


# The reference

def forward(model, prompt, golden):
    """Hidden states, each (sumT, C): embeddings, then every layer; and the logits (B, V) at the rows read."""
    table, states, logits = model.get_input_embeddings().weight, [], []
    for ids, row in zip(golden["sequences"], golden["read"]):
        ids = torch.tensor(ids)
        x = table[ids.clamp(min=0)]                                              # (T, C)
        x[ids < 0] = prompt
        out = model(inputs_embeds=x[None], output_hidden_states=True)
        states.append([h[0] for h in out.hidden_states]); logits.append(out.logits[0, row])
    return [torch.cat(s) for s in zip(*states)], torch.stack(logits)


def loss_of(logits, golden):
    return torch.nn.functional.cross_entropy(logits, torch.tensor(golden["labels"]))


def tune(model, start, golden, decay):
    prompt, losses, prompts = start.clone().requires_grad_(), [], []
    optimizer = torch.optim.AdamW([prompt], lr=LEARNING_RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=decay)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, WARMUP, STEPS)
    for _ in range(STEPS):
        loss = loss_of(forward(model, prompt, golden)[1], golden)
        optimizer.zero_grad(); loss.backward(); optimizer.step(); schedule.step()
        losses.append(loss.detach()); prompts.append(prompt.detach().clone())
    return torch.stack(losses), torch.stack(prompts)


def compute(model, prompt, golden):
    """Every tensor of the ladder, in the precision of the model."""
    learned = prompt.clone().requires_grad_()
    states, logits = forward(model, learned, golden)
    loss = loss_of(logits, golden)
    loss.backward()
    layers = {f"layer.{i}": h for i, h in enumerate(states[1:])}
    out = {"prompt": prompt, "embeddings": states[0], **layers, "logits": logits, "loss": loss[None],
           "prompt_gradient": learned.grad}
    out["steps.loss"], out["steps.prompt"] = tune(model, prompt, golden, decay=0)
    out["steps_decay.prompt"] = tune(model, prompt, golden, decay=0.1)[1]
    return {name: t.detach() for name, t in out.items()}


def write_golden(name, folder, model, golden, rng, more={}, limit=None):
    golden |= {"promptVectors": P, "learningRate": LEARNING_RATE, "transformers": transformers.__version__,
               "schedule": {"warmupSteps": WARMUP, "totalSteps": STEPS}, **more}
    table = model.get_input_embeddings().weight
    draw = rng.standard_normal((P, table.shape[1])).astype(np.float32)
    prompt = torch.from_numpy(draw) * 1.6 * table.std()                          # (P, C)
    tensors = compute(model, prompt, golden)
    exact = compute(model.double(), prompt.double(), golden)
    noise = {n: float((tensors[n] - exact[n]).abs().max()) for n in tensors}
    golden["float64Difference"] = {n: float(f"{d:.1e}") for n, d in noise.items()}
    tensors |= {"loss64": exact["loss"], "prompt_gradient64": exact["prompt_gradient"]}
    for drop in ZOO_MAY_DROP:
        if limit and sum(t.numel() * 4 for t in tensors.values()) > limit: tensors.pop(drop)
    common.write_tensors(folder / "golden.safetensors", tensors)
    common.write_json(folder / "golden.json", golden)
    size = (folder / "golden.safetensors").stat().st_size
    print(f"{name}: golden {size:,} bytes, loss {exact['loss'].item():.6f}, largest gradient "
          f"{exact['prompt_gradient'].abs().max():.2e}; float32 - float64: "
          + ", ".join(f"{n} {d:.1e}" for n, d in noise.items()))


def main():
    folder = common.FIXTURES / "models"
    shutil.rmtree(folder, ignore_errors=True)
    for seed, (name, case) in enumerate(CASES.items()):
        rng, out = np.random.default_rng(seed), folder / name
        out.mkdir(parents=True)
        common.write_json(out / "config.json", DEFAULTS[case.family] | SHARED | case.config)
        config = transformers.AutoConfig.from_pretrained(out)
        weights = random_weights(transformers.AutoModelForMaskedLM.from_config(config), rng)
        weights = {n: t.to(case.dtype) for n, t in weights.items()}
        write_checkpoint(out, as_stored(name, weights, config, rng), case.shards)
        model = load(out)
        loaded = dict(model.named_parameters())
        assert all(torch.equal(loaded[n], t.float()) for n, t in weights.items()), "transformers read other weights"
        ends, mask = ((2, 3), 4) if case.family == "bert" else ((0, 2), config.vocab_size - 1)
        ids = np.arange(5, config.vocab_size - 1)
        sequences, read = make_sequences(case.lengths, ids, rng, ends, mask)
        golden = {"sequences": sequences, "read": read, "labels": rng.choice(ids, len(read)).tolist()}
        write_golden(name, out, model, golden, rng)
    files = [f for f in folder.rglob("*") if f.is_file()]
    common.write_manifest(folder, "scripts/goldens/models.py", files)
    print(f"{sum(f.stat().st_size for f in files):,} bytes in {folder}")


def zoo():
    models = sorted(p.parent for p in ZOO.glob("*/config.json"))
    if not models: sys.exit(f"no model under {ZOO}: train the zoo first")
    folder, files = common.FIXTURES / "zoo", []
    for path in models:
        rng, out = np.random.default_rng(zlib.crc32(path.name.encode())), folder / path.name
        out.mkdir(parents=True, exist_ok=True)
        model = load(path)
        ids = np.arange(10, model.config.vocab_size)
        sequences, read = make_sequences([7, 6], ids, rng)
        golden = {"sequences": sequences, "read": read, "labels": rng.choice(ids, len(read)).tolist()}
        weights = {f.name: common.sha256(f) for f in sorted(path.glob("*.safetensors"))}  # a retrained zoo shows
        write_golden(path.name, out, model, golden, rng, more={"weights": weights}, limit=ZOO_BYTES - 4_000)
        files += [out / "golden.json", out / "golden.safetensors"]
    common.write_manifest(folder, "scripts/goldens/models.py --zoo", files)


if __name__ == "__main__":
    torch.set_num_threads(1)
    zoo() if sys.argv[1:] == ["--zoo"] else main()
