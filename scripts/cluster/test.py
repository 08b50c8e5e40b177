#!/usr/bin/env python3
"""Runs experiments on a real Slurm of four nodes on this machine, and does to them what happens on clusters.

    scripts/cluster/test.py BINARY [--trials 6] [--seed 0] [--folder DIR]

An array of eight tasks has to give the bytes of a single process. Then, trial by trial, faults that are drawn from the seed: tasks
killed, cancelled, requeued, preempted, out of time, frozen for longer than a lease; nodes lost and back; the controller restarted; the disk full
for a while. The clock of one node is an hour off all the time. Whatever is left afterwards is given to Slurm again with `experiment retry`, as a user
would. Nothing may be lost, nothing doubled in the report, and the bytes are the same.

Wants root and Debian's slurm-wlm, munge and faketime (`make cluster-test` installs them).
"""
import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LEASE = 6
FAULTS = ["kill", "cancel", "requeue", "preempt", "node", "controller", "time", "freeze", "disk"]


def say(text):
    print(time.strftime("%H:%M:%S"), text, flush=True)


def configuration(name, epochs, seeds):
    return {
        "name": name, "title": f"Cluster: {name}", "facts": "share:atlas/data", "templates": "share:atlas/relations.jsonl",
        "vocabulary": "share:atlas/common_words.txt", "relations": ["capital", "animal", "symbol"], "seeds": list(range(seeds)),
        "tuning": {"epochs": epochs},
        "pairs": [{"sources": ["zoo:bert-tiny"], "target": "zoo:roberta-tiny"}],
        "methods": [
            {"method": "manual"}, {"method": "majority"}, {"method": "direct"}, {"method": "copy"},
            {"method": "refine", "factLimit": 8, "epochs": epochs}, {"method": "distil", "epochs": max(1, epochs // 4)},
            {"label": "exact", "method": "relative", "ridge": [0, 0.1]},
            {"label": "gradient", "method": "relative", "search": "gradient", "steps": [5, 200]},
        ],
    }


class Cluster:
    def __init__(self, folder):
        self.folder = folder
        os.environ["SLURM_CONF"] = str(folder / "slurm.conf")

    def control(self, *words):
        subprocess.run([HERE / "slurm.sh", *words], check=True, timeout=120)

    def start(self):
        self.control("start", str(self.folder))

    def stop(self):
        self.control("stop", str(self.folder))

    def tasks(self):
        """Of all jobs in the queue: [(task, state, reason)]. None where the controller does not answer."""
        out = subprocess.run(["squeue", "-h", "-a", "-r", "-o", "%i|%T|%r"], capture_output=True, text=True)
        if out.returncode:
            return None
        return [tuple(line.split("|")) for line in out.stdout.splitlines()]

    def hasten(self):
        """A requeued task is held back for two minutes; here not."""
        for task, state, reason in self.tasks() or []:
            if state == "PENDING" and reason == "BeginTime":
                subprocess.run(["scontrol", "update", f"jobid={task}", "StartTime=now"], capture_output=True)


class Experiment:
    def __init__(self, binary, config, output):
        self.binary, self.config, self.output = binary, config, output

    def verb(self, verb, *words, check=True):
        out = subprocess.run(
            [self.binary, "experiment", verb, self.config, "--output", self.output, "--json", *words], capture_output=True,
            text=True, cwd=self.config.parent)
        if check and out.returncode:
            sys.exit(f"{verb} ended with {out.returncode}: {out.stderr}")
        return json.loads(out.stdout) if out.returncode == 0 and out.stdout else None

    def contents(self):
        return {
            f"{part}/{file.name}": hashlib.sha256(file.read_bytes()).hexdigest()
            for part in ["cells", "prompts"] for file in (self.output / part).iterdir() if not file.name.startswith(".")}

    def finished(self):
        return sum(
            not name.startswith(".") for part in ["cells", "prompts"] if (self.output / part).exists()
            for name in os.listdir(self.output / part))

    def rows(self):
        """The table of all cells without what differs from run to run, the seconds."""
        page = Path(self.verb("report")["page"])
        lines = []
        for file in sorted(page.parent.rglob("cells.csv")):
            header, *rest = file.read_text().splitlines()
            keep = [i for i, name in enumerate(header.split(",")) if "second" not in name]
            lines += [[line.split(",")[i] for i in keep if i < len(line.split(","))] for line in rest]
        return lines

    def processes(self):
        """Processes of tasks on this machine: {pid: task}."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if not words[0].endswith(b"/promptferry") or str(self.output).encode() not in words:
                    continue
                variables = dict(v.split(b"=", 1) for v in (entry / "environ").read_bytes().split(b"\0") if b"=" in v)
                found[int(entry.name)] = (
                    variables[b"SLURM_ARRAY_JOB_ID"] + b"_" + variables[b"SLURM_ARRAY_TASK_ID"]).decode()
            except (OSError, KeyError):
                continue
        return found


class Trial:
    """One experiment, submitted as eight tasks, and the faults of one seed."""

    def __init__(self, cluster, experiment, expected, seed, fault_count):
        self.cluster, self.experiment, self.expected = cluster, experiment, expected
        self.random = random.Random(seed)
        self.fault_count = fault_count
        self.done = {}
        self.stages = {"tuning": 0, "cells": 0}
        self.pending = []  # (when, what): the second halves of faults

    def play(self):
        start = time.time()
        options = ["--array-size", "8", "--lease", str(LEASE), "--threads", "1", "--time", "5"]
        self.experiment.verb("submit", *options)
        faults = [FAULTS[i % len(FAULTS)] for i in range(self.fault_count)]
        self.random.shuffle(faults)
        # Spread over the whole of the work; where it does not get on they come all the same.
        total = len(self.expected[0])
        due = sorted(self.random.uniform(0, 0.9 * total) for _ in faults)
        last_fault = time.time()
        idle = 0
        while True:
            if time.time() - start > 900:
                sys.exit(f"the trial does not end: {self.experiment.verb('status')}")
            for item in [item for item in self.pending if item[0] <= time.time()]:
                self.pending.remove(item)
                item[1]()
            if faults and (self.experiment.finished() >= due[0] or time.time() - last_fault > 15):
                if self.do(faults[0]):
                    faults.pop(0)
                    due.pop(0)
                    last_fault = time.time()
            self.cluster.hasten()
            tasks = self.cluster.tasks()
            idle = idle + 1 if tasks == [] and not self.pending else 0
            if idle > 2:
                status = self.experiment.verb("status")
                if status["finishedCells"] == status["cellCount"]:
                    break
                # All tasks were cancelled, killed, or left the rest to one that was.
                self.experiment.verb("retry")
                idle = 0
            time.sleep(0.3)
        self.check()

    def check(self):
        found = self.experiment.contents()
        if found != self.expected[0]:
            names = {name for name in found.keys() | self.expected[0].keys() if found.get(name) != self.expected[0].get(name)}
            sys.exit(f"other results than those of a single process: {sorted(names)}")
        if self.experiment.rows() != self.expected[1]:
            sys.exit("another report than that of a single process")

    def do(self, fault):
        """Does it, where something runs that it can be done to."""
        processes = self.experiment.processes()
        if not processes and fault not in ["controller", "disk"]:
            return False
        status = self.experiment.verb("status")
        if status["finishedCells"] == status["cellCount"]:
            return True  # nothing left to disturb; not counted
        pid = self.random.choice(sorted(processes)) if processes else None
        task = processes.get(pid)
        wait = self.random.uniform(LEASE + 1, 2 * LEASE)
        try:
            getattr(self, fault)(pid, task, wait)
        except ProcessLookupError:
            return False
        what = [work["what"] for work in status["running"] if work.get("job") == task and not work["isLost"]]
        stage = "tuning" if status["finishedCells"] == 0 or any(w.startswith("prompt on ") for w in what) else "cells"
        self.stages[stage] += 1
        self.done[fault] = self.done.get(fault, 0) + 1
        say(f"  {fault} {task or ''} ({status['finishedPrompts']} prompts, {status['finishedCells']} cells)")
        return True

    def later(self, seconds, what):
        self.pending.append((time.time() + seconds, what))

    def kill(self, pid, task, wait):
        os.kill(pid, signal.SIGKILL)

    def cancel(self, pid, task, wait):
        subprocess.run(["scancel", task], capture_output=True)

    def requeue(self, pid, task, wait):
        subprocess.run(["scontrol", "requeue", task], capture_output=True)

    def preempt(self, pid, task, wait):
        node = subprocess.run(["squeue", "-h", "-j", task, "-o", "%N"], capture_output=True, text=True).stdout.strip()
        subprocess.run(
            ["sbatch", "--partition=high", f"--nodelist={node or 'n1'}", "--cpus-per-task=2", "--output=/dev/null",
             "--wrap=sleep 3"], capture_output=True)

    def time(self, pid, task, wait):
        # Less than 90 seconds: the signal comes at once.
        subprocess.run(["scontrol", "update", f"jobid={task}", "TimeLimit=1"], capture_output=True)

    def controller(self, pid, task, wait):
        self.cluster.control("controller", "restart", str(self.cluster.folder))

    def node(self, pid, task, wait):
        name = self.random.choice(["n1", "n2", "n3", "n4"])
        self.cluster.control("node", "stop", str(self.cluster.folder), name)
        self.later(wait, lambda: self.cluster.control("node", "start", str(self.cluster.folder), name))

    def freeze(self, pid, task, wait):
        os.kill(pid, signal.SIGSTOP)

        def wake():
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass
        self.later(wait, wake)

    def disk(self, pid, task, wait):
        filler = self.experiment.output.parent / "filler"
        subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=64k"], capture_output=True)  # until nothing is left
        self.later(wait / 2, lambda: filler.unlink(missing_ok=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=lambda p: Path(p).resolve())
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--faults", type=int, default=13, help="in each trial")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"
    folder = Path(arguments.folder or tempfile.mkdtemp(prefix="promptferry-cluster-"))
    folder.mkdir(exist_ok=True)
    config = folder / "cluster.json"
    config.write_text(json.dumps(configuration("cluster", arguments.epochs, 3)))
    cluster = Cluster(folder / "slurm")
    (folder / "slurm").mkdir(exist_ok=True)
    # Small, so that it can be filled; mounted before the nodes begin, as each has mounts of its own.
    disk = folder / "disk"
    disk.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", disk], check=True)
    try:
        cluster.start()
        # A folder of its own for each: prompts are taken over from experiments beside.
        say("one process")
        alone = Experiment(arguments.binary, config, folder / "alone" / "runs")
        alone.verb("run", "--threads", "2")
        expected = (alone.contents(), alone.rows())

        say("an array of eight tasks")
        array = Experiment(arguments.binary, config, folder / "array" / "runs")
        Trial(cluster, array, expected, 0, 0).play()

        done, stages = {}, {"tuning": 0, "cells": 0}
        for trial in range(arguments.trials):
            seed = arguments.seed + trial
            say(f"faults of seed {seed}")
            place = disk / f"faults{seed}"
            place.mkdir()
            play = Trial(
                cluster, Experiment(arguments.binary, config, place / "runs"), expected, seed, arguments.faults)
            play.play()
            shutil.rmtree(place)
            for fault, count in play.done.items():
                done[fault] = done.get(fault, 0) + count
            for stage, count in play.stages.items():
                stages[stage] += count
        say(f"{sum(done.values())} faults: {done}; while {stages}. Nothing is lost, doubled or different.")
    finally:
        cluster.stop()
        subprocess.run(["umount", "-l", disk])
    if arguments.folder is None:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
