"""Goldens of a model that answers with a decoder: a small random T5 with a tokenizer, asked facts, as transformers answers them.

  python scripts/goldens/sentinel.py         Tests/Fixtures/sentinel/

t5           the checkpoint: Unigram tokenizer, three sentinels, random weights
facts.jsonl  subjects of one to three words, objects of one
golden.json  of each fact: log-probability of the object and the first answer, both among all whole words, with the manual template and with the prompt
golden.safetensors   the prompt's vectors, (3, C)
"""
import json, shutil

import common
import numpy as np
import torch, transformers
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

WORDS = [f"{a}{b}" for a in ("ba", "du", "ki", "lo", "me") for b in ("rin", "sol", "tan", "vek")]
LETTERS = sorted(set("".join(WORDS)) | {"."})
SENTINELS, P = 3, 3


def tokenizer():
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -10.0), ("▁", -3.0), ("▁.", -2.0)]
    pieces += [("▁" + word, -4.0 - i / 10) for i, word in enumerate(WORDS)] + [(letter, -6.0) for letter in LETTERS]
    made = Tokenizer(models.Unigram(pieces, unk_id=2, byte_fallback=False))
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    made.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    made.add_special_tokens(["<pad>", "</s>", "<unk>"])
    made.add_special_tokens([AddedToken(f"<extra_id_{n}>", special=True, normalized=False) for n in reversed(range(SENTINELS))])
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return made


def main():
    folder = common.FIXTURES / "sentinel"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "t5").mkdir(parents=True)
    made = tokenizer()
    made.save(str(folder / "t5/tokenizer.json"))
    config = dict(
        architectures=["T5ForConditionalGeneration"], model_type="t5", vocab_size=made.get_vocab_size() + 4, d_model=20, d_kv=6,
        d_ff=28, num_layers=2, num_heads=3, relative_attention_num_buckets=8, relative_attention_max_distance=12,
        feed_forward_proj="gated-gelu", tie_word_embeddings=True, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0)
    common.write_json(folder / "t5/config.json", config)
    rng = np.random.default_rng(5)
    model = transformers.AutoModelForSeq2SeqLM.from_config(transformers.AutoConfig.from_pretrained(folder / "t5"))
    weights = {}
    for name, parameter in sorted(model.named_parameters()):
        noise = torch.from_numpy(rng.standard_normal(tuple(parameter.shape)).astype(np.float32))
        weights[name] = 1 + 0.2 * noise if "layer_norm" in name else (0.6 if "relative" in name else 0.4) * noise
    save_file(weights, folder / "t5/model.safetensors", metadata={"format": "pt"})
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder / "t5", dtype=torch.float32).eval().requires_grad_(False)
    vocabulary = made.get_vocab()
    words = sorted(WORDS + ["."])  # all whole words: the candidates
    candidates = torch.tensor([vocabulary["▁" + word] for word in words])

    facts = [{"sub_label": " ".join(rng.choice(WORDS, rng.integers(1, 4)).tolist()), "obj_label": str(rng.choice(WORDS))} for _ in range(12)]
    (folder / "facts.jsonl").write_text("".join(json.dumps(fact) + "\n" for fact in facts))
    vectors = torch.from_numpy((0.5 * rng.standard_normal((P, 20))).astype(np.float32))
    sentinel = vocabulary["<extra_id_0>"]

    def logits(before, prompt, after):
        """At the sentinel, which stands after `before` and the prompt."""
        table = model.get_input_embeddings().weight
        ids = lambda text: torch.tensor(made.encode(text, add_special_tokens=False).ids, dtype=torch.long)
        x = torch.cat([table[ids(before)], prompt, table[torch.tensor([sentinel])], table[ids(after)], table[torch.tensor([1])]])
        own = torch.tensor([[config["decoder_start_token_id"], sentinel]])
        return model(inputs_embeds=x[None], decoder_input_ids=own).logits[0, 1]

    def answers(before, prompt):
        found = []
        for fact in facts:
            scores = torch.log_softmax(logits(before(fact), prompt, ".")[candidates], -1)
            found.append({"logProbability": scores[words.index(fact["obj_label"])].item(), "prediction": words[scores.argmax().item()]})
        return found

    empty = torch.zeros(0, 20)
    golden = {"manual": answers(lambda fact: fact["sub_label"] + " bavek", empty), "prompted": answers(lambda fact: fact["sub_label"], vectors),
              "transformers": transformers.__version__}
    common.write_json(folder / "golden.json", golden)
    common.write_tensors(folder / "golden.safetensors", {"prompt": vectors})
    files = [f for f in folder.rglob("*") if f.is_file() and f.name != "manifest.json"]
    common.write_manifest(folder, "scripts/goldens/sentinel.py", files)
    print(f"{sum(f.stat().st_size for f in files):,} bytes in {folder}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
