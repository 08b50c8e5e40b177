"""llama.cpp reads the tokens that `evaluate` reads: llama_speed.py MODEL.gguf FACTS.jsonl WORDS.txt [--threads 2] [--limit 250]
                                              llama_speed.py MODEL.gguf --write-f16 OTHER.gguf

Prompt processing: the facts' tokens, any tokens where a prompt has its vectors, as many facts in one batch as fit into 512 tokens (its
default), logits at each fact's last token. Prints one JSON object; --write-f16 stores the model's matrices in F16 instead.
Needs llama-cpp-python, built from source so that it uses what the processor has:

  pip install --no-binary llama-cpp-python llama-cpp-python
"""
import argparse
import json
import time

import llama_cpp

VECTORS, BATCH = 5, 512


class Work:
    def __init__(self, options):
        llama_cpp.llama_backend_init()
        self.model = llama_cpp.llama_model_load_from_file(options.model.encode(), llama_cpp.llama_model_default_params())
        self.vocabulary = llama_cpp.llama_model_get_vocab(self.model)
        settings = llama_cpp.llama_context_default_params()
        settings.n_ctx, settings.n_batch, settings.n_ubatch, settings.n_seq_max = 4 * BATCH, BATCH, BATCH, 64
        settings.n_threads = settings.n_threads_batch = options.threads
        settings.kv_unified = True
        self.context = llama_cpp.llama_init_from_model(self.model, settings)
        candidates = {word for word in map(str.strip, open(options.words)) if len(self.tokens(" " + word)) == 1}
        start = self.tokens("", special=True)
        self.facts, seen = [], set()
        for fact in map(json.loads, open(options.facts)):
            key = (fact["sub_label"], fact["obj_label"])
            if key in seen or fact["obj_label"] not in candidates:
                continue
            seen.add(key)
            self.facts.append(start + self.tokens(fact["sub_label"]) + list(range(100, 100 + VECTORS)))
        self.facts = self.facts[: options.limit]

    def tokens(self, text, special=False):
        ids, text = (llama_cpp.llama_token * 512)(), text.encode()
        count = llama_cpp.llama_tokenize(self.vocabulary, text, len(text), ids, len(ids), special, False)
        return list(ids[:count])

    def batches(self):
        """Lists of facts of at most BATCH tokens and 64 sequences together, the shortest first."""
        batch = []
        for fact in sorted(self.facts, key=len):
            if sum(map(len, batch)) + len(fact) > BATCH or len(batch) == 64:
                yield batch
                batch = []
            batch.append(fact)
        yield batch

    def read(self):
        memory = llama_cpp.llama_get_memory(self.context)
        for facts in self.batches():
            llama_cpp.llama_memory_clear(memory, False)
            batch = llama_cpp.llama_batch_init(BATCH, 0, 1)
            for sequence, fact in enumerate(facts):
                for place, token in enumerate(fact):
                    row = batch.n_tokens
                    batch.token[row], batch.pos[row], batch.n_seq_id[row] = token, place, 1
                    batch.seq_id[row][0], batch.logits[row] = sequence, place == len(fact) - 1
                    batch.n_tokens += 1
            if llama_cpp.llama_decode(self.context, batch) != 0:
                raise SystemExit("llama_decode failed")
            llama_cpp.llama_get_logits(self.context)
            llama_cpp.llama_batch_free(batch)


def write_f16(model, other):
    settings = llama_cpp.llama_model_quantize_default_params()
    settings.ftype, settings.allow_requantize = llama_cpp.LLAMA_FTYPE_MOSTLY_F16, True
    if llama_cpp.llama_model_quantize(model.encode(), other.encode(), settings) != 0:
        raise SystemExit(f"{other} could not be written")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("facts", nargs="?")
    parser.add_argument("words", nargs="?")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=int, default=250)
    parser.add_argument("--write-f16")
    options = parser.parse_args()
    if options.write_f16:
        return write_f16(options.model, options.write_f16)
    work = Work(options)
    work.read()
    start = time.perf_counter()
    work.read()
    seconds = time.perf_counter() - start
    facts, tokens = len(work.facts), sum(map(len, work.facts))
    print(json.dumps({"facts": facts, "tokens": tokens, "seconds": seconds, "perSecond": facts / seconds}))


if __name__ == "__main__":
    main()
