"""Goldens of the search: the paper's gradient search, by autograd, and the exact search, by a plain solve.

  python scripts/goldens/search.py         Tests/Fixtures/search/{inputs,all,signed,absolute}.{safetensors,json}

inputs           prompt (P, Cs), source_anchors (K, Cs), target_anchors (K, Ct), codes (P, K), start (P, Ct);
                 json: mu and sigma of the target table, settings of the search, the masks, the ridges
all | signed | absolute   one file a mask: which codes of a row count (all; the 40 largest; the 40 largest by absolute value)
  mask (P, K)                 1 where a code counts
  <rule>.losses (2000)        the loss before each update; rule = moments | scale | strength | none, inside every step
  <rule>.result (P, Ct)       the normalised candidate after the last update
  <rule>.result64 (P, Ct)     the same from a run in float64; json has the differences, what tolerances are derived from
  exact.<ridge> (P, Ct)       v = (A'A + l I)^-1 A'r, A = the row's anchors at length 1, l = ridge * trace(A'A) / Ct; float64
  exact.<ridge>.objective (P) cos(A v, r), what v reaches
maps             canonical.<ridge>.<shrinkage> (P, Ct): the canonical map of the prompt, by symmetric square roots; float64
"""
import math, shutil

import common
import numpy as np
import torch
from torch.nn.functional import normalize

CS, CT, K, P, TOP = 24, 20, 90, 4, 40
STEPS, LEARNING_RATE = 2000, 5e-3
RULES = ["moments", "scale", "strength", "none"]
RIDGES = [0.0, 0.1]
CANONICAL = [(ridge, shrinkage) for ridge in [0.0, 0.1, 3.0] for shrinkage in [0.0, 0.5, 1.0]]


def make_inputs(rng):
    """Target anchors: a random linear map of the source anchors, noise, and a mean that is not zero."""
    source = 0.5 * rng.standard_normal((K, CS)) + 0.2 * rng.standard_normal(CS)
    target = source @ rng.standard_normal((CS, CT)) / math.sqrt(CS)
    target += 0.15 * rng.standard_normal((K, CT)) + 0.2 * rng.standard_normal(CT) + 0.1
    prompt = 1.6 * (source[rng.permutation(K)[:P]] + 0.4 * rng.standard_normal((P, CS)))
    start = rng.standard_normal((P, CT)) * math.sqrt(2 / (P + CT))               # Xavier normal
    return {name: torch.from_numpy(a.astype(np.float32)) for name, a in
            {"prompt": prompt, "source_anchors": source, "target_anchors": target, "start": start}.items()}


def cosines(vectors, anchors):
    return normalize(vectors, dim=1) @ normalize(anchors, dim=1).T


def mask_of(name, codes):
    if name == "all": return torch.ones_like(codes)
    order = codes.abs() if name == "absolute" else codes
    return torch.zeros_like(codes).scatter(1, order.topk(TOP, dim=1).indices, 1.0)


def normalizer(rule, x, mu, sigma):
    """The rule as a function of the candidate (P, Ct); method.md, step 5."""
    if rule == "moments":
        return lambda v: (v - v.mean()) / v.std() * sigma + mu                   # std of the sample, over all of v
    if rule == "scale":
        return lambda v: normalize(v, dim=1) * math.sqrt(CT * (mu ** 2 + sigma ** 2))
    if rule == "strength":
        relative = x["prompt"].norm(dim=1) / x["source_anchors"].norm(dim=1).mean()
        lengths = relative * x["target_anchors"].norm(dim=1).mean()              # (P)
        return lambda v: normalize(v, dim=1) * lengths[:, None]
    return lambda v: v


def gradient_search(rule, x, mask, mu, sigma):
    rescale, candidate, losses = normalizer(rule, x, mu, sigma), x["start"].clone().requires_grad_(), []
    optimizer = torch.optim.Adam([candidate], lr=LEARNING_RATE)
    for _ in range(STEPS):
        found = cosines(rescale(candidate), x["target_anchors"])                 # (P, K)
        loss = (1 - torch.cosine_similarity(found * mask, x["codes"] * mask, dim=1)).mean()
        optimizer.zero_grad(); loss.backward(); optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses), rescale(candidate).detach()


def exact_search(ridge, x, mask):
    """Row by row, in float64: the vectors (P, Ct) and the objective of each."""
    vectors, objectives = [], []
    for codes, keep in zip(x["codes"].double(), mask.bool()):
        A, r = normalize(x["target_anchors"].double(), dim=1)[keep], codes[keep]
        gram = A.T @ A                                                           # (Ct, Ct)
        v = torch.linalg.solve(gram + ridge * gram.trace() / CT * torch.eye(CT, dtype=A.dtype), A.T @ r)
        vectors.append(v); objectives.append(torch.cosine_similarity(A @ v, r, dim=0))
    return torch.stack(vectors), torch.stack(objectives)


def canonical_map(ridge, shrinkage, x):
    """A = S'S and B = T'T with a ridge in units of their mean diagonal; the directions of
    B^(-1/2) T'S A^(-1/2), each at its correlation to the power of the shrinkage."""
    def power(m, exponent):
        values, vectors = torch.linalg.eigh(m)
        return vectors @ torch.diag(values ** exponent) @ vectors.T
    def gram(m):
        g = m.T @ m
        return g + ridge * g.trace() / len(g) * torch.eye(len(g), dtype=g.dtype)
    S, T = x["source_anchors"].double(), x["target_anchors"].double()
    A, B, C = gram(S), gram(T), T.T @ S
    U, s, Vt = torch.linalg.svd(power(B, -0.5) @ C @ power(A, -0.5), full_matrices=False)
    M = power(B, 0.5) @ U @ torch.diag(s ** shrinkage) @ Vt @ power(A, -0.5)     # (Ct, Cs)
    return x["prompt"].double() @ M.T


def main():
    folder = common.FIXTURES / "search"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    x = make_inputs(np.random.default_rng(0))
    x["codes"] = cosines(x["prompt"].double(), x["source_anchors"].double()).float()
    target = x["target_anchors"].double()
    mu, sigma = round(target.mean().item(), 6), round(target.std(correction=0).item(), 6)
    common.write_tensors(folder / "inputs.safetensors", x)
    common.write_json(folder / "inputs.json", {
        "mu": mu, "sigma": sigma, "steps": STEPS, "learningRate": LEARNING_RATE, "betas": [0.9, 0.999], "epsilon": 1e-8,
        "masks": {"all": K, "signed": TOP, "absolute": TOP}, "rules": RULES, "ridges": [str(r) for r in RIDGES]})
    x64 = {name: t.double() for name, t in x.items()}
    for name in ["all", "signed", "absolute"]:
        mask = mask_of(name, x["codes"])
        out, notes = {"mask": mask}, {}
        for ridge in RIDGES:
            out[f"exact.{ridge}"], objective = exact_search(ridge, x, mask)
            out[f"exact.{ridge}.objective"] = objective
            notes[f"exact.{ridge}"] = {"meanObjective": round(objective.mean().item(), 9)}
            print(f"{name} exact {ridge}: mean objective {objective.mean():.6f}")
        for rule in RULES:
            losses, result = gradient_search(rule, x, mask, mu, sigma)
            losses64, result64 = gradient_search(rule, x64, mask.double(), mu, sigma)
            out |= {f"{rule}.losses": losses, f"{rule}.result": result, f"{rule}.result64": result64}
            difference = (losses - losses64).abs()
            notes[rule] = {
                "lastLoss": round(losses64[-1].item(), 9), "leastLoss": round(losses64.min().item(), 9),
                "float64Difference": {"losses": float(f"{difference.max():.1e}"),
                                      "lossesOfTheFirst100": float(f"{difference[:100].max():.1e}"),
                                      "result": float(f"{(result - result64).abs().max():.1e}")}}
            print(f"{name} {rule}: objective {1 - losses64[-1]:.6f}, {notes[rule]['float64Difference']}, "
                  f"longest row {result.norm(dim=1).max():.3f}")
        common.write_tensors(folder / f"{name}.safetensors", out)
        common.write_json(folder / f"{name}.json", notes)
    common.write_tensors(folder / "maps.safetensors", {
        f"canonical.{ridge}.{shrinkage}": canonical_map(ridge, shrinkage, x) for ridge, shrinkage in CANONICAL})
    files = list(folder.iterdir())
    common.write_manifest(folder, "scripts/goldens/search.py", files, ["torch", "safetensors", "numpy"])
    print(f"{sum(f.stat().st_size for f in files):,} bytes in {folder}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
