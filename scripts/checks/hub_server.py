"""A server on this machine that speaks the Hugging Face Hub's protocol for the folders below ROOT (ROOT/org/name, ROOT/name).
Large files are on a second host, as on the Hub: http://localhost beside http://127.0.0.1, on another port.

  python scripts/checks/hub_server.py ROOT        prints the endpoint; then HF_ENDPOINT=… promptferry fetch org/name
"""
import hashlib, http.server, json, os, re, sys, threading, time, urllib.parse

LARGE = (".safetensors", ".bin")


def git_blob(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Repository:
    def __init__(self, folder):
        self.files = {}
        for base, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(base, name)
                self.files[os.path.relpath(path, folder)] = open(path, "rb").read()
        self.commit = hashlib.sha1("".join(f"{n}{git_blob(d)}" for n, d in sorted(self.files.items())).encode()).hexdigest()
        self.storage = {hashlib.sha256(d).hexdigest(): d for n, d in self.files.items() if n.endswith(LARGE)}

    def tree(self):
        items = []
        for name, data in sorted(self.files.items()):
            item = {"type": "file", "path": name, "size": len(data), "oid": git_blob(data)}
            if name.endswith(LARGE):
                item["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
            items.append(item)
        return items


class HubServer:
    """Serves until the process ends. `requests` holds (host, method, path, headers), `sent` the bytes of all answers."""

    def __init__(self, root, tag='"{}"', bytes_per_second=None):
        self.root, self.tag, self.rate, self.requests, self.sent = root, tag, bytes_per_second, [], 0
        self.lock = threading.Lock()
        self.hub, self.storage = self._listen("hub"), self._listen("storage")
        self.endpoint = f"http://127.0.0.1:{self.hub}"

    def repository(self, path):
        for depth in (2, 1):
            name = "/".join(path.split("/")[:depth])
            folder = os.path.join(self.root, name)
            if os.path.isfile(os.path.join(folder, "config.json")):
                return Repository(folder), path[len(name) + 1 :]
        return None, path

    def forget(self):
        with self.lock:
            self.requests, self.sent = [], 0

    def _listen(self, kind):
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_HEAD(self):
                self.answer()

            def do_GET(self):
                self.answer()

            def answer(self):
                with owner.lock:
                    owner.requests.append((kind, self.command, self.path, dict(self.headers)))
                status, headers, body = owner.answer(kind, self.path)
                match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
                if status == 200 and match:
                    first, last = int(match[1]), min(int(match[2] or len(body) - 1), len(body) - 1)
                    if first >= len(body):
                        status, headers, body = 416, {"Content-Range": f"bytes */{len(body)}"}, b""
                    else:
                        headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
                        status, body = 206, body[first : last + 1]
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body)), "Accept-Ranges": "bytes"}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command == "GET":
                    try:
                        for start in range(0, len(body), 1 << 16):
                            piece = body[start : start + (1 << 16)]
                            self.wfile.write(piece)
                            with owner.lock:
                                owner.sent += len(piece)
                            if owner.rate:
                                time.sleep(len(piece) / owner.rate)
                    except OSError:
                        self.close_connection = True

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.server_port

    def answer(self, kind, path):
        path = urllib.parse.urlsplit(path).path
        if kind == "storage":
            repository, name = self.repository(path.removeprefix("/"))
            data = repository and repository.storage.get(name)
            return (200, {"ETag": '"storage-2"'}, data) if data is not None else (404, {}, b"")
        is_api = path.startswith("/api/models/")
        repository, rest = self.repository(path.removeprefix("/api/models/" if is_api else "/"))
        if repository is None:
            return 401, {"X-Error-Code": "RepoNotFound"}, b""
        action, revision, *name = rest.split("/", 2)
        if urllib.parse.unquote(revision) not in ("main", "refs/pr/1", repository.commit):
            return 404, {"X-Error-Code": "RevisionNotFound"}, b""
        if is_api:
            found = repository.tree() if action == "tree" else {"id": "x", "sha": repository.commit, "siblings": []}
            return 200, {"Content-Type": "application/json"}, json.dumps(found).encode()
        headers = {"X-Repo-Commit": repository.commit}
        data = repository.files.get(urllib.parse.unquote(name[0])) if name else None
        if data is None:
            return 404, {**headers, "X-Error-Code": "EntryNotFound"}, b""
        if not name[0].endswith(LARGE):
            return 200, {**headers, "ETag": self.tag.format(git_blob(data))}, data
        sha = hashlib.sha256(data).hexdigest()
        id = path[1 : path.index("/resolve/")]
        headers |= {"X-Linked-Etag": self.tag.format(sha), "X-Linked-Size": str(len(data))}
        return 302, {**headers, "Location": f"http://localhost:{self.storage}/{id}/{sha}"}, b""


if __name__ == "__main__":
    print(HubServer(sys.argv[1]).endpoint, flush=True)
    threading.Event().wait()
