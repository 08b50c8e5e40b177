#!/usr/bin/env python3
"""contents.py FOLDER VERSION: what a release's folder holds and where its libraries are from, as SPDX 2.3 on standard output."""
import datetime, hashlib, json, os, subprocess, sys
from pathlib import Path

folder, version = Path(sys.argv[1]), sys.argv[2]
made = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else ""


def parts():
    """Name, version and origin of what is linked into the binary or lies beside it."""
    swift = output(os.environ.get("SWIFT", "swift"), "--version").split("version ")[1].split()[0]
    for pin in json.loads(Path("Package.resolved").read_text())["pins"]:
        yield pin["identity"], pin["state"]["version"], pin["location"]
    found = set()
    for library in sorted((folder / "lib/promptferry").iterdir()):
        place = output("/sbin/ldconfig", "-p")
        paths = [line.split("=> ")[1] for line in place.splitlines() if line.strip().startswith(library.name + " ")]
        owner = output("dpkg", "-S", os.path.realpath(paths[0])) if paths else ""
        if not owner:
            found.add(("Swift", swift, "https://github.com/swiftlang/swift"))
            continue
        name = owner.split(":")[0]
        found.add((name, output("dpkg-query", "-W", "-f=${Version}", name), f"https://packages.debian.org/{name}"))
    yield from sorted(found)


def package(index, name, number, place, licence="NOASSERTION"):
    return {"SPDXID": f"SPDXRef-Part-{index}", "name": name, "versionInfo": number, "licenseConcluded": licence,
            "licenseDeclared": licence, "copyrightText": "NOASSERTION", "downloadLocation": place, "filesAnalyzed": False}


def file(index, path):
    return {"SPDXID": f"SPDXRef-File-{index}", "fileName": f"./{path.relative_to(folder)}",
            "checksums": [{"algorithm": "SHA256", "checksumValue": hashlib.sha256(path.read_bytes()).hexdigest()}]}


paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "SPDX.json")
files = [file(index, path) for index, path in enumerate(paths)]
packages = [package(index, *part) for index, part in enumerate(parts())]
own = package("own", "promptferry", version, "NOASSERTION", "Apache-2.0")
json.dump({
    "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": folder.name,
    "documentNamespace": "urn:sha256:" + hashlib.sha256(json.dumps(files).encode()).hexdigest(),
    "creationInfo": {"created": made.strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Tool: promptferry-contents"]},
    "packages": [own, *packages], "files": files,
    "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": own["SPDXID"]}]
    + [{"spdxElementId": own["SPDXID"], "relationshipType": "DEPENDS_ON", "relatedSpdxElement": p["SPDXID"]} for p in packages],
}, sys.stdout, indent=1)
print()
