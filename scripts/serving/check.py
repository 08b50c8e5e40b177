"""Shows with `transformers`, and with llama.cpp where `llama_cpp` is there, that what promptferry writes for servers gives the numbers
that promptferry computes.

  pip install -r scripts/goldens/requirements.txt            and, if wanted, llama-cpp-python
  python scripts/serving/check.py .build/release/promptferry MODEL.gguf…

For each causal model: a prompt of random vectors is evaluated by promptferry over candidate words, and written in every form.
`inputs_embeds` of the vllm and sglang forms, and the tokens of the llama.cpp form, must give the same log-probabilities of the right
answers among the candidates, to 1e-3. Of a quantised model llama.cpp computes with quantised activations, so it is compared with
itself: the grown file's tokens with the original file fed the embeddings form; how far it is from promptferry is printed. The control is
the same model with the numbers of its tensors in F32, and in llama.cpp attention in F32 as well: there it must agree to 1e-3, too.
GELU is the exception, which llama.cpp looks up in a table of F16 (GGML_GELU_FP16 in ggml/src/ggml-cpu/vec.h): how far that alone moves
the numbers of transformers is printed beside.
"""
import base64, contextlib, ctypes, io, json, subprocess, sys, tempfile
from pathlib import Path

import gguf as gguf_files
import numpy as np
import torch
from safetensors.numpy import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

try:
    import llama_cpp

    @llama_cpp.llama_log_callback
    def quiet(*_): pass
    llama_cpp.llama_log_set(quiet, None)
except ImportError:
    llama_cpp = None

FACTS = [("Oslo", "Norway"), ("Lima", "Peru"), ("São Paulo", "Brazil"), ("Paris", "France"), ("Cairo", "Egypt"), ("New Delhi", "India")]
WORDS = [answer for _, answer in FACTS] + ["Italy", "Spain", "China", "Japan", "the", "water", "red"]
TEMPLATES = ["[X] [V]*5 [Y]", "[V]*2 The city of [X] [V]*3 lies in [Y] ."]
VECTORS = 5
TOLERANCE = 1e-3
GELU_TOLERANCE = 5e-3


class Check:
    def __init__(self, binary, work):
        self.binary, self.work, self.failed = binary, work, False
        self.facts, self.words = work / "facts.jsonl", work / "words.txt"
        self.facts.write_text("".join(json.dumps({"sub_label": s, "obj_label": o, "predicate_id": "city"}) + "\n" for s, o in FACTS))
        self.words.write_text("\n".join(WORDS))

    def run(self, *arguments):
        done = subprocess.run([self.binary, *map(str, arguments), "--quiet", "--json"], capture_output=True, text=True)
        if done.returncode: sys.exit(f"{arguments}\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def report(self, text, holds=True):
        print(("ok      " if holds else "FAILED  ") + text, flush=True)
        self.failed |= not holds

    def compare(self, what, found, expected, tolerance=TOLERANCE):
        worst = max(abs(a - b) for a, b in zip(found, expected, strict=True))
        self.report(f"{what}: {len(found)} facts, largest difference {worst:.1e}", worst <= tolerance)


def in_plain_numbers(gguf, file):
    """Writes the model with the numbers that its tensors stand for, in F32, and all else as it is."""
    reader = gguf_files.GGUFReader(gguf)
    writer = gguf_files.GGUFWriter(file, reader.fields["general.architecture"].contents())
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name in ("general.architecture", "general.quantization_version"): continue
        value = gguf_files.LlamaFileType.ALL_F32 if name == "general.file_type" else field.contents()
        writer.add_key_value(name, value, field.types[0], field.types[-1] if len(field.types) > 1 else None)
    for tensor in reader.tensors:
        numbers = gguf_files.quants.dequantize(tensor.data, tensor.tensor_type)
        writer.add_tensor(tensor.name, np.ascontiguousarray(numbers.reshape([int(n) for n in tensor.shape][::-1]), "<f4"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


class Words:
    """The columns of the candidates, those that are one token, as promptferry has them."""

    def __init__(self, tokenizer):
        self.tokenizer, self.ids = tokenizer, {}
        for word in WORDS:
            ids = self.encode(" " + word)
            if len(ids) == 1: self.ids[word] = ids[0]
        self.columns = list(self.ids.values())

    def encode(self, text): return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def log_probability(self, logits, answer):
        row = torch.as_tensor(logits).double()[self.columns].log_softmax(0)
        return row[self.columns.index(self.ids[answer])].item()


def make_prompt(check, gguf, model, template, file):
    """Vectors that lie about where words do: sums of rows of the model's table and noise."""
    scale = getattr(model.get_input_embeddings(), "scalar_embed_scale", 1.0)
    table = model.get_input_embeddings().weight.detach()
    generator = torch.Generator().manual_seed(0)
    picked = torch.randint(1000, 20000, (VECTORS, 2), generator=generator)
    vectors = table[picked].mean(1) + 0.3 * table[:20000].std() * torch.randn(VECTORS, table.shape[1], generator=generator)
    np.save(check.work / "p.npy", vectors.numpy().astype("<f4"))
    check.run("convert", check.work / "p.npy", "-o", file, "--model", gguf, "--template", template)
    return vectors, scale


def whole_sequences(check, gguf, model, words, prompt, answers, expected, template):
    """vllm and sglang, given to transformers as inputs_embeds."""
    for form in ("vllm", "sglang"):
        file = check.work / f"{form}.jsonl"
        said = check.run("convert", prompt, "-o", file, "--to", form, "--model", gguf, "--subjects", check.facts)
        tensors = []
        for line in map(json.loads, file.read_text().splitlines()):
            if form == "vllm":
                tensor = torch.load(io.BytesIO(base64.b64decode(line["prompt_embeds"], validate=True)), weights_only=True)
                if tensor.dim() != 2 or tensor.dtype != torch.float32 or tensor.is_sparse or not tensor.is_contiguous():
                    check.report(f"a tensor {tensor.dtype} {tuple(tensor.shape)}", False)
            else: tensor = torch.tensor(line["input_embeds"])
            tensors.append(tensor)
        with torch.no_grad(): rows = [model(inputs_embeds=t[None]).logits[0, -1] for t in tensors]
        found = [words.log_probability(row, dict(FACTS)[s]) for (s, _), row in zip(FACTS, rows) if s in answers]
        check.compare(f"{form} ({said['space']}, scale {said['scale']:.6g}), \"{template}\"", found, expected)
    return tensors


def grown(check, gguf, words, prompt, answers, expected, template):
    """The GGUF file with tokens for the vectors, read by transformers."""
    file = check.work / "grown.gguf"
    text = check.run("convert", prompt, "-o", file, "--to", "llama.cpp", "--model", gguf)["text"]
    model = AutoModelForCausalLM.from_pretrained(str(check.work), gguf_file=file.name, dtype=torch.float32).eval()
    first = model.get_input_embeddings().weight.shape[0] - VECTORS
    rows = []
    for subject in answers:
        ids = ids_of(text.replace("[X]", subject), words, first)
        with torch.no_grad(): rows.append(model(input_ids=torch.tensor([ids])).logits[0, -1])
    found = [words.log_probability(row, dict(FACTS)[s]) for s, row in zip(answers, rows)]
    check.compare(f"llama.cpp form, by transformers, \"{text}\"", found, expected)
    highest = max((row[first:].max() - row[:first].max()).item() for row in rows)
    check.report(f"new tokens are no answers: at least {-highest:.1f} below the best of the others", highest < 0)
    return file, text, first


def ids_of(text, words, first):
    """Ids of a text with [V1]…: runs of words between tokens, after what the tokenizer begins with."""
    import re
    tokenizer = words.tokenizer
    bos = tokenizer("x")["input_ids"][:1]
    ids = bos if bos != words.encode("x")[:1] else []
    for part in re.split(r"(\[V\d+\])", text):
        if re.fullmatch(r"\[V\d+\]", part): ids = ids + [first + int(part[2:-1]) - 1]
        elif part: ids = ids + words.encode(part)
    return ids


class Llama:
    """One sequence through llama.cpp: logits after its last row."""

    def __init__(self, file, is_plain):
        self.is_plain = is_plain
        parameters = llama_cpp.llama_model_default_params()
        self.model = llama_cpp.llama_model_load_from_file(str(file).encode(), parameters)
        if not self.model: sys.exit(f"llama.cpp does not load {file}")
        self.vocabulary = llama_cpp.llama_model_get_vocab(self.model)
        self.size = llama_cpp.llama_vocab_n_tokens(self.vocabulary)

    def tokens(self, text):
        data, room = text.encode(), (llama_cpp.llama_token * 256)()
        count = llama_cpp.llama_tokenize(self.vocabulary, data, len(data), room, 256, True, False)
        return list(room[:count])

    def logits(self, tokens=None, rows=None):
        parameters = llama_cpp.llama_context_default_params()
        parameters.n_ctx = 256
        parameters.n_threads = parameters.n_threads_batch = 1  # they spin, which on a shared machine takes minutes
        if self.is_plain:  # F16 by default
            parameters.type_k = parameters.type_v = llama_cpp.GGML_TYPE_F32
            parameters.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
        context = llama_cpp.llama_init_from_model(self.model, parameters)
        count, width = (len(tokens), 0) if tokens else rows.shape
        batch = llama_cpp.llama_batch_init(count, width, 1)
        batch.n_tokens = count
        for i in range(count):
            if tokens: batch.token[i] = tokens[i]
            batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0], batch.logits[i] = i, 1, 0, i == count - 1
        if not tokens: ctypes.memmove(batch.embd, rows.astype("<f4").tobytes(), rows.size * 4)
        if llama_cpp.llama_decode(context, batch): sys.exit("llama.cpp does not decode")
        row = np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(context, count - 1), (self.size,)).copy()
        llama_cpp.llama_batch_free(batch)
        llama_cpp.llama_free(context)
        return row


@contextlib.contextmanager
def gelu_in_f16(model):
    """GELU as llama.cpp has it, as long as this lasts. Yields whether the model has any."""
    def rounded(x): return torch.where(x <= -10, 0, torch.where(x >= 10, x, gelu(x.half().float()).half().float()))
    gelu = torch.nn.GELU(approximate="tanh")
    places = [module for module in model.modules() if "gelu" in type(getattr(module, "act_fn", None)).__name__.lower()]
    old = [module.act_fn for module in places]
    for module in places:
        del module.act_fn
        module.act_fn = rounded
    yield bool(places)
    for module, function in zip(places, old): module.act_fn = function


def in_llama(check, gguf, model, words, prompt, answers, expected, file, text, first, tensors, is_plain):
    """llama.cpp itself: its own tokenizer on the text, and the embeddings form."""
    new, old = Llama(file, is_plain), Llama(gguf, is_plain)
    subjects, by_token, by_row = list(answers), [], []
    same = all(new.tokens(text.replace("[X]", s)) == ids_of(text.replace("[X]", s), words, first) for s in subjects)
    check.report(f"llama.cpp's tokenizer makes the same ids of \"{text}\"", same)
    for subject in subjects:
        raw = check.work / "rows.f32"
        raw.unlink(missing_ok=True)
        check.run("convert", prompt, "-o", raw, "--to", "embeddings", "--model", gguf, "--input", subject)
        rows = np.fromfile(raw, "<f4").reshape(-1, tensors[0].shape[1])
        by_row.append(words.log_probability(old.logits(rows=rows), dict(FACTS)[subject]))
        by_token.append(words.log_probability(new.logits(new.tokens(text.replace("[X]", subject))), dict(FACTS)[subject]))
    check.compare("llama.cpp, grown file's tokens and the embeddings form in the original", by_token, by_row)
    if is_plain:
        with gelu_in_f16(model) as has_gelu, torch.no_grad():
            rows = [model(inputs_embeds=t[None]).logits[0, -1] for (s, _), t in zip(FACTS, tensors) if s in answers]
        check.compare("llama.cpp and promptferry, in F32", by_token, expected, GELU_TOLERANCE if has_gelu else TOLERANCE)
        if has_gelu:
            found = [words.log_probability(row, dict(FACTS)[s]) for s, row in zip(subjects, rows)]
            moved = max(abs(a - b) for a, b in zip(found, expected))
            check.report(f"GELU in F16 alone moves transformers' by {moved:.1e}")
        return
    apart = max(abs(a - b) for a, b in zip(by_row, expected))
    check.report(f"llama.cpp with its quantised activations is within {apart:.1e} of promptferry", apart < 0.5)


def check_model(binary, gguf, is_plain):
    print(gguf.name)
    model = AutoModelForCausalLM.from_pretrained(str(gguf.parent), gguf_file=gguf.name, dtype=torch.float32).eval()
    words = Words(AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name))
    for template in TEMPLATES:
        with tempfile.TemporaryDirectory() as work:
            check = Check(Path(binary).resolve(), Path(work))
            prompt, predictions = check.work / "p.safetensors", check.work / "answers.jsonl"
            make_prompt(check, gguf, model, template, prompt)
            check.run("evaluate", "--model", gguf, "--prompt", prompt, "--facts", check.facts, "--vocabulary", check.words,
                      "--predictions", predictions)
            rows = [json.loads(line) for line in predictions.read_text().splitlines()]
            answers = [row["subject"] for row in rows]
            expected = [row["logProbability"] for row in rows]
            tensors = whole_sequences(check, gguf, model, words, prompt, answers, expected, template)
            file, text, first = grown(check, gguf, words, prompt, answers, expected, template)
            if llama_cpp: in_llama(check, gguf, model, words, prompt, answers, expected, file, text, first, tensors, is_plain)
            table = check.work / "table.npy"
            check.run("convert", prompt, "-o", table, "--to", "tensorrt-llm", "--model", gguf)
            shape = np.load(table).shape
            check.report(f"tensorrt-llm table {shape}", shape == (1, VECTORS, tensors[0].shape[1]))
            if check.failed: sys.exit(1)


def main(binary, *models):
    for gguf in map(lambda m: Path(m).resolve(), models):
        check_model(binary, gguf, is_plain=False)
        if not llama_cpp: continue
        with tempfile.TemporaryDirectory() as folder:
            plain = Path(folder) / f"{gguf.stem}.F32.gguf"
            in_plain_numbers(gguf, plain)
            check_model(binary, plain, is_plain=True)


main(*sys.argv[1:])
