"""Shows that `promptferry fetch` and Python's huggingface_hub keep the same cache, byte for byte, and use each other's.

  python scripts/checks/hub_cache.py .build/release/promptferry      # needs huggingface_hub, transformers, torch, safetensors

Both talk to scripts/checks/hub_server.py. `.locks`, which only Python's client makes, is left out of comparisons.
"""
import json, os, shutil, signal, subprocess, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from safetensors.numpy import save_file

from hub_server import HubServer

BINARY = os.path.abspath(sys.argv[1])
HERE = os.path.dirname(os.path.abspath(__file__))
ZOO = os.path.join(HERE, "../../share/promptferry/zoo")
WORK = tempfile.mkdtemp(prefix="hub-cache-")
NEEDED = ["config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "model*.safetensors",
          "model.safetensors.index.json"]
TABLE = 32000 * 512 * 2


def make_repositories(root):
    for name in ("bert-tiny", "roberta-tiny"):
        shutil.copytree(f"{ZOO}/{name}", f"{root}/org/{name}")
        open(f"{root}/org/{name}/README.md", "w").write("not needed")
        open(f"{root}/org/{name}/pytorch_model.bin", "wb").write(b"not needed")
    folder = f"{root}/org/sharded"
    os.makedirs(folder)
    json.dump({"model_type": "llama", "vocab_size": 32000, "hidden_size": 512}, open(f"{folder}/config.json", "w"))
    shutil.copy(f"{ZOO}/bert-tiny/tokenizer.json", folder)
    words = np.random.default_rng(0).integers(0, 1 << 14, (32000, 512), dtype=np.uint16).view(np.float16)
    shards = [{"model.embed_tokens.weight": words, "model.layers.0.w": words[:8000]}, {"lm_head.weight": words[::-1].copy()}]
    names = [f"model-0000{i + 1}-of-00002.safetensors" for i in range(2)]
    for name, tensors in zip(names, shards):
        save_file(tensors, f"{folder}/{name}", metadata={"format": "pt"})
    json.dump({"metadata": {}, "weight_map": {t: n for n, s in zip(names, shards) for t in s}},
              open(f"{folder}/model.safetensors.index.json", "w"))


def environment(home, **more):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING", "TRANSFORMERS"))}
    return kept | {"HF_HOME": home, "HF_ENDPOINT": server.endpoint, "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1",
                   "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_TOKEN": "hf_secret"} | more


def ours(home, id, *flags, prefix=(), **more):
    done = subprocess.run([*prefix, BINARY, "fetch", id, "--json", "--quiet", *flags], env=environment(home, **more),
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def python(home, code, prefix=(), **more):
    done = subprocess.run([*prefix, sys.executable, "-c", code], env=environment(home, **more), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def snapshot(id, revision="main", local=False):
    return (f"import huggingface_hub as h; print(h.snapshot_download({id!r}, revision={revision!r}, "
            f"allow_patterns={NEEDED!r}, local_files_only={local}))")


def tree(home):
    """Path to (kind, permissions, link's target or content)."""
    found, root = {}, f"{home}/hub"
    for base, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(base, name)
            key = os.path.relpath(path, root)
            if key.startswith(".locks"):
                continue
            # Python's client leaves a listing readable for its owner alone (mkstemp); ours is as readable as the rest.
            mode = oct(os.lstat(path).st_mode) if "/trees/" not in key else None
            content = os.readlink(path) if os.path.islink(path) else open(path, "rb").read() if os.path.isfile(path) else None
            found[key] = (mode, content)
    return found


def homes(name):
    paths = [f"{WORK}/{name}/{who}" for who in ("ours", "python")]
    for path in paths:
        os.makedirs(path)
    return paths


def same(name, a, b):
    ta, tb = tree(a), tree(b)
    differing = sorted(k for k in ta.keys() | tb.keys() if ta.get(k) != tb.get(k))
    assert not differing, f"{name}: " + str({k: (ta.get(k), tb.get(k)) for k in differing})[:2000]
    print(f"ok  {name}: {len(ta)} entries alike")


def files_requested():
    return [r for r in server.requests if r[1] == "GET" and ("/resolve/" in r[2] or r[0] == "storage")]


def main():
    for id, revision in [("org/bert-tiny", "main"), ("org/roberta-tiny", "refs/pr/1"), ("org/sharded", "main")]:
        a, b = homes(f"{id.split('/')[1]}")
        ours(a, f"{id}@{revision}")
        python(b, snapshot(id, revision))
        same(f"{id}@{revision}", a, b)
        for home, who in [(a, "Python finds ours"), (b, "we find Python's")]:
            server.forget()
            if home == a:
                python(home, snapshot(id, revision))
                python(home, snapshot(id, revision, local=True), HF_HUB_OFFLINE="1")
            else:
                assert ours(home, f"{id}@{revision}")["receivedBytes"] == 0
                ours(home, f"{id}@{revision}", HF_HUB_OFFLINE="1")
            assert not files_requested(), files_requested()
            print(f"ok  {who}: {len(server.requests)} questions, no file, none of them offline")

    a, b = homes("no-links")
    ours(a, "org/bert-tiny", HF_HUB_DISABLE_SYMLINKS="1")
    python(b, snapshot("org/bert-tiny"), HF_HUB_DISABLE_SYMLINKS="1")
    same("without links", a, b)

    a, b = homes("single-files")
    python(b, "import huggingface_hub as h\nfor f in ['config.json', 'model.safetensors', 'tokenizer.json', "
              "'tokenizer_config.json']: h.hf_hub_download('org/bert-tiny', f)")
    assert ours(b, "org/bert-tiny", HF_HUB_OFFLINE="1")["receivedBytes"] == 0
    print("ok  we find what hf_hub_download left, without a listing, offline")
    ours(a, "org/bert-tiny")
    print("ok  transformers, offline, on ours:", python(a, """
from transformers import AutoModelForMaskedLM, AutoTokenizer
t, m = AutoTokenizer.from_pretrained('org/bert-tiny'), AutoModelForMaskedLM.from_pretrained('org/bert-tiny')
print(type(m).__name__, len(t), 'tokens')""", HF_HUB_OFFLINE="1").splitlines()[-1])

    a, b = homes("together")
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(ours, a, "org/sharded") for _ in range(4)]
        jobs += [pool.submit(python, a, snapshot("org/sharded")) for _ in range(4)]
        for job in jobs:
            job.result()
    python(b, snapshot("org/sharded"))
    same("four of each at once in one cache, afterwards", a, b)

    server.forget()
    a, _ = homes("table")
    result = ours(a, "org/sharded", "--embeddings-only")
    assert TABLE < server.sent <= TABLE + 2_000_000, server.sent
    assert not os.path.exists(f"{a}/hub"), "the shared cache was touched"
    print(f"ok  embeddings only: {server.sent} bytes sent for a table of {TABLE}, of "
          f"{sum(os.path.getsize(f'{server.root}/org/sharded/{f}') for f in os.listdir(f'{server.root}/org/sharded'))}")

    if os.geteuid() == 0 and shutil.which("setpriv"):
        a, b = homes("read-only")
        ours(a, "org/bert-tiny")
        subprocess.run(["chmod", "-R", "a+rX,a-w", a], check=True)
        os.chmod(WORK, 0o755)
        nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        before = tree(a)
        assert ours(a, "org/bert-tiny", prefix=nobody)["receivedBytes"] == 0
        assert tree(a) == before
        print("ok  a read-only cache is read")

    server.rate = 2_000_000
    a, b = homes("killed")
    for number, delay in enumerate([0.3, 1.0, 2.0, 4.0]):
        process = subprocess.Popen([BINARY, "fetch", "org/sharded", "--quiet"], env=environment(a))
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for path, (_, content) in tree(a).items():
            if "/blobs/" in path and not path.endswith(".incomplete"):
                assert check(path, content), f"{path} is not what it is called"
    server.rate = None
    for path in [p for p in tree(a) if p.endswith(".incomplete")]:
        os.remove(f"{a}/hub/{path}")
    ours(a, "org/sharded")
    python(b, snapshot("org/sharded"))
    same("after four kills, and a fetch that went through", a, b)

    leaks = [r for r in everything if r[0] == "storage" and any(k.lower() == "authorization" for k in r[3])]
    assert not leaks
    print(f"ok  the token was in none of {sum(r[0] == 'storage' for r in everything)} requests to the other host, and in "
          f"{sum('Authorization' in r[3] for r in everything)} to the Hub")


def check(path, content):
    import hashlib
    name = os.path.basename(path)
    git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    return name in (hashlib.sha256(content).hexdigest(), git)


make_repositories(f"{WORK}/repositories")
server = HubServer(f"{WORK}/repositories")
everything = []
forget = server.forget
server.forget = lambda: (everything.extend(server.requests), forget())
try:
    main()
finally:
    subprocess.run(["chmod", "-R", "u+w", WORK])
    shutil.rmtree(WORK)
