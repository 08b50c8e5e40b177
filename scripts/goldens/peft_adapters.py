"""Goldens of foreign prompts: what peft and numpy write, and what peft computes with it on the tiny GPT-2 of models.py.

  python scripts/goldens/peft_adapters.py        Tests/Fixtures/prompts/

prompt-tuning | p-tuning | p-tuning-bin/     adapters of peft; the last with adapter_model.bin
encoder-decoder/                             an adapter of a sequence-to-sequence model, with vectors for both halves
prefix-tuning | lora/                        adapters that are no vectors in the embedding space: configurations only
golden.json, golden.safetensors              ids of sequences (without the vectors), and for each causal adapter its vectors and
                                             the logits after the last token, (B, V)
float32 | float64 | fortran | half.npy       arrays (5, 8), value = row + column / 16; rows.npy: ten rows, the first three count
objects.npy                                  an array of objects, a pickle
task_prompt                                  torch.save of one tensor
"""
import json, shutil

import common
import numpy as np
import torch
from peft import (LoraConfig, PrefixTuningConfig, PromptEncoderConfig, PromptTuningConfig, TaskType, get_peft_model,
                  PeftModel)
from transformers import AutoModelForCausalLM, T5Config, T5ForConditionalGeneration

OUT = common.FIXTURES / "prompts"
GPT2 = common.FIXTURES / "models/gpt2-odd"
VECTORS = 4


def model():
    return AutoModelForCausalLM.from_pretrained(GPT2, dtype=torch.float32)


def save(name, base, config, safe=True, weights=True):
    torch.manual_seed(len(name))
    peft = get_peft_model(base, config).eval()
    peft.save_pretrained(OUT / name, safe_serialization=safe)
    for extra in ["README.md", *([] if weights else ["adapter_model.safetensors"])]:
        (OUT / name / extra).unlink(missing_ok=True)
    path = OUT / name / "adapter_config.json"
    # No path of this machine.
    path.write_text(json.dumps(json.loads(path.read_text()) | {"base_model_name_or_path": "tiny"}, indent=2, sort_keys=True))


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    causal = {"task_type": TaskType.CAUSAL_LM, "num_virtual_tokens": VECTORS}
    save("prompt-tuning", model(), PromptTuningConfig(**causal))
    save("p-tuning", model(), PromptEncoderConfig(**causal, encoder_hidden_size=16))
    save("p-tuning-bin", model(), PromptEncoderConfig(**causal, encoder_hidden_size=16), safe=False)
    save("prefix-tuning", model(), PrefixTuningConfig(**causal), weights=False)
    save("lora", model(), LoraConfig(task_type=TaskType.CAUSAL_LM, fan_in_fan_out=True), weights=False)
    t5 = T5ForConditionalGeneration(T5Config(vocab_size=20, d_model=8, d_kv=4, d_ff=12, num_layers=1, num_heads=2))
    save("encoder-decoder", t5, PromptTuningConfig(task_type=TaskType.SEQ_2_SEQ_LM, num_virtual_tokens=3))

    sequences = [[7, 31, 90], [5], [112, 64, 2, 17, 88, 40, 3]]
    tensors = {}
    for name in ["prompt-tuning", "p-tuning", "p-tuning-bin"]:
        peft = PeftModel.from_pretrained(model(), OUT / name).eval()
        with torch.no_grad():
            rows = [peft(input_ids=torch.tensor([ids])).logits[0, -1] for ids in sequences]
            tensors[f"{name}.logits"] = torch.stack(rows).numpy()
            tensors[f"{name}.vectors"] = peft.get_prompt(1)[0].numpy()
    common.write_json(OUT / "golden.json", {"sequences": sequences})
    common.write_tensors(OUT / "golden.safetensors", tensors)

    grid = np.arange(5, dtype=np.float32)[:, None] + np.arange(8, dtype=np.float32) / 16
    np.save(OUT / "float32.npy", grid)
    np.save(OUT / "float64.npy", grid.astype(np.float64))
    np.save(OUT / "fortran.npy", np.asfortranarray(grid))
    np.save(OUT / "half.npy", grid.astype(np.float16))
    np.save(OUT / "rows.npy", np.concatenate([grid[:3], np.full((7, 8), 9, np.float32)]))
    np.save(OUT / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    torch.save(torch.from_numpy(grid), OUT / "task_prompt")
    files = [f for f in OUT.rglob("*") if f.is_file()]
    common.write_manifest(OUT, "scripts/goldens/peft_adapters.py", files, common.PACKAGES + ["peft"])


main()
