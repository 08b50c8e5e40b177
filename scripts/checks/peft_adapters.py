"""Shows with `peft` and `transformers` that they load what promptferry writes, that promptferry loads what peft writes, and that
both give the same numbers.

  pip install -r scripts/goldens/requirements.txt
  python scripts/checks/peft_adapters.py .build/release/promptferry

On the models that ship with the project: prompts are tuned, converted and asked the test facts of one relation, by
`promptferry evaluate` and by Python. Compared are the log-probabilities of the right answers among all candidate words;
they may differ by 1e-4.
"""
import json, subprocess, sys, tempfile
from pathlib import Path

import torch
from peft import (AutoPeftModelForCausalLM, PeftModel, PrefixTuningConfig, PromptEncoderConfig, PromptTuningConfig,
                  TaskType, get_peft_model)
from transformers import (AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM,
                          T5Config, T5ForConditionalGeneration)
from safetensors.torch import load_file

SHARE = Path(__file__).resolve().parents[2] / "share/promptferry"
FACTS, WORDS = SHARE / "atlas/data/city", SHARE / "atlas/common_words.txt"
T5_TOKENIZER = Path(__file__).resolve().parents[2] / "Tests/TokenizationTests/Fixtures/families/t5/tokenizer.json"
TOLERANCE = 1e-4


class Check:
    def __init__(self, binary, work):
        self.binary, self.work, self.failed = binary, work, False

    def run(self, *arguments, fails=False):
        done = subprocess.run([self.binary, *map(str, arguments), "--quiet"], capture_output=True, text=True)
        if (done.returncode != 0) != fails: sys.exit(f"{arguments}\n{done.stdout}{done.stderr}")
        return done.stderr.strip() if fails else done.stdout

    def ours(self, model, prompt, *options):
        """(subject, object, log-probability) of every test fact."""
        file = self.work / "answers.jsonl"
        self.run("evaluate", "--model", model, "--prompt", prompt, "--facts", FACTS, "--vocabulary", WORDS,
                 "--predictions", file, *options)
        rows = map(json.loads, file.read_text().splitlines())
        return [(row["subject"], row["object"], row["logProbability"]) for row in rows]

    def compare(self, what, answers, logits, tokenizer):
        """`logits` of a subject: (V), where the answer is read."""
        ids = {}
        for word in WORDS.read_text().split("\n"):
            tokens = tokenizer(" " + word, add_special_tokens=False)["input_ids"] if word else []
            if len(tokens) == 1 and tokens[0] != tokenizer.unk_token_id and tokens[0] not in ids.values():
                ids[word] = tokens[0]
        columns, worst = list(ids.values()), 0
        for subject, answer, expected in answers:
            with torch.no_grad(): row = logits(subject)[columns].log_softmax(0)
            token = tokenizer(" " + answer, add_special_tokens=False)["input_ids"][0]
            worst = max(worst, abs(row[columns.index(token)].item() - expected))
        self.report(f"{what}: {len(answers)} facts, {len(columns)} words, largest difference {worst:.1e}",
                    len(answers) > 20 and worst <= TOLERANCE)

    def report(self, text, holds):
        print(("ok      " if holds else "FAILED  ") + text)
        self.failed |= not holds


def prepended(check):
    """GPT-2, PEFT's own way: tuned here and loaded there, and the other way round."""
    model, text = SHARE / "zoo/gpt2-small", "{} is in"
    template = "[V]*5 [X] is in [Y]"
    prompt, adapter = check.work / "gpt2.safetensors", check.work / "adapter"
    check.run("tune", "--model", model, "--facts", FACTS, "--template", template, "--epochs", 3, "-o", prompt)
    check.run("convert", prompt, "-o", adapter, "--model", model)
    tokenizer = AutoTokenizer.from_pretrained(model)

    def last(peft): return lambda subject: peft(**tokenizer(text.format(subject), return_tensors="pt")).logits[0, -1]
    loaded = AutoPeftModelForCausalLM.from_pretrained(adapter, dtype=torch.float32).eval()
    check.compare("peft loads our adapter", check.ours(model, prompt), last(loaded), tokenizer)
    check.compare("we load it too", check.ours(model, adapter), last(loaded), tokenizer)

    base = lambda: AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    common = {"task_type": TaskType.CAUSAL_LM, "num_virtual_tokens": 7}
    for name, config, safe in [("prompt tuning", PromptTuningConfig(**common), True),
                               ("P-tuning", PromptEncoderConfig(**common, encoder_hidden_size=32), True),
                               ("P-tuning, .bin", PromptEncoderConfig(**common, encoder_hidden_size=32), False)]:
        folder = check.work / name
        torch.manual_seed(0)
        get_peft_model(base(), config).save_pretrained(folder, safe_serialization=safe)
        peft = PeftModel.from_pretrained(base(), folder).eval()
        answers = check.ours(model, folder, "--template", "[V]*7 [X] is in [Y]")
        check.compare(f"we load peft's {name}", answers, last(peft), tokenizer)
    get_peft_model(base(), PrefixTuningConfig(**common)).save_pretrained(check.work / "prefix")
    error = check.run("evaluate", "--model", model, "--prompt", check.work / "prefix", "--facts", FACTS, fails=True)
    check.report(f"prefix tuning is refused: {error}", "PREFIX_TUNING holds keys and values" in error)


def inside(check):
    """Vectors within the text, as tokens of a grown vocabulary."""
    for name, template, kind in [("bert-small", "[X] [V]*5 [Y] .", AutoModelForMaskedLM),
                                 ("roberta-small", "[X] [V]*5 [Y] .", AutoModelForMaskedLM),
                                 ("albert-small", "[V]*2 [X] [V]*3 [Y] .", AutoModelForMaskedLM),
                                 ("gpt2-small", "[X] [V]*5 [Y]", AutoModelForCausalLM)]:
        model, prompt, grown = SHARE / "zoo" / name, check.work / f"{name}.safetensors", check.work / name
        check.run("tune", "--model", model, "--facts", FACTS, "--template", template, "--epochs", 2, "-o", prompt)
        text = json.loads(check.run("convert", prompt, "-o", grown, "--to", "checkpoint", "--model", model,
                                    "--json"))["text"]
        tokenizer = AutoTokenizer.from_pretrained(grown)
        loaded, loading = kind.from_pretrained(grown, dtype=torch.float32, output_loading_info=True)
        check.report(f"{name} with tokens for vectors loads with nothing missing: {text}", not any(loading.values()))

        def read(subject):
            inputs = tokenizer(text.replace("[X]", subject), return_tensors="pt")
            ids = inputs["input_ids"][0].tolist()
            row = ids.index(tokenizer.mask_token_id) if tokenizer.mask_token_id is not None else -1
            return loaded.eval()(**inputs).logits[0, row]
        check.compare(f"transformers' logits of {name}", check.ours(model, prompt), read, tokenizer)


def not_run_here(check):
    """A Llama of two shards, its output matrix its own: a prompt is carried to it and becomes tokens of a copy."""
    gpt2, folder, grown = SHARE / "zoo/gpt2-small", check.work / "llama", check.work / "llama-grown"
    tokenizer = AutoTokenizer.from_pretrained(gpt2)
    torch.manual_seed(0)
    base = LlamaForCausalLM(LlamaConfig(
        vocab_size=len(tokenizer) + 8, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, tie_word_embeddings=False)).eval()
    base.save_pretrained(folder, max_shard_size="900KB")
    tokenizer.save_pretrained(folder)
    prompt, carried = check.work / "gpt2-small.safetensors", check.work / "llama.safetensors"
    check.run("transfer", "--from", f"{gpt2}={prompt}", "--to", folder, "-o", carried)
    text = json.loads(check.run("convert", carried, "-o", grown, "--to", "checkpoint", "--model", folder, "--json"))["text"]
    vectors = load_file(carried)["vectors"]
    model, added = AutoModelForCausalLM.from_pretrained(grown).eval(), AutoTokenizer.from_pretrained(grown)
    worst = 0
    for subject in ("Oslo", "São Paulo"):
        words = tokenizer(subject, return_tensors="pt")["input_ids"]
        embedded = torch.cat([base.get_input_embeddings()(words), vectors[None]], 1)
        with torch.no_grad():
            expected = base(inputs_embeds=embedded).logits[0, -1]
            found = model(**added(text.replace("[X]", subject), return_tensors="pt")).logits[0, -1]
        worst = max(worst, (found[:len(tokenizer)] - expected[:len(tokenizer)]).abs().max().item())
    shards = len(list(folder.glob("model-*.safetensors")))
    check.report(f"a Llama of {shards} shards with tokens for vectors: largest difference of logits {worst:.1e}",
                 shards > 1 and worst <= TOLERANCE)


def encoder_decoder(check):
    """A T5 adapter with vectors for encoder and decoder goes through us unchanged."""
    folder, theirs, ours = check.work / "t5", check.work / "t5-theirs", check.work / "t5-ours"
    rows = len(json.loads(T5_TOKENIZER.read_text())["model"]["vocab"]) + 200
    torch.manual_seed(0)
    T5ForConditionalGeneration(T5Config(vocab_size=rows, d_model=16, d_kv=8, d_ff=24, num_layers=1, num_heads=2,
                                        decoder_start_token_id=0)).save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes(T5_TOKENIZER.read_bytes())
    base = lambda: T5ForConditionalGeneration.from_pretrained(folder)
    get_peft_model(base(), PromptTuningConfig(task_type=TaskType.SEQ_2_SEQ_LM, num_virtual_tokens=4)) \
        .save_pretrained(theirs)
    prompt = check.work / "t5.safetensors"
    check.run("convert", theirs, "-o", prompt, "--model", folder)
    check.run("convert", prompt, "-o", ours, "--model", folder)
    inputs = {"input_ids": torch.tensor([[5, 9, 14, 1]]), "decoder_input_ids": torch.tensor([[0, 7]])}
    logits = []
    for adapter in (theirs, ours):
        peft = PeftModel.from_pretrained(base(), adapter).eval()
        with torch.no_grad(): logits.append(peft(**inputs).logits)
    same = torch.equal(*logits) and torch.equal(*(load_file(f / "adapter_model.safetensors")["prompt_embeddings"]
                                                  for f in (theirs, ours)))
    check.report(f"a T5 adapter comes back the same: logits {tuple(logits[0].shape)}", same)


def main(binary):
    with tempfile.TemporaryDirectory() as work:
        check = Check(Path(binary).resolve(), Path(work))
        for part in (prepended, inside, not_run_here, encoder_decoder): part(check)
    sys.exit(check.failed)


main(*sys.argv[1:])
