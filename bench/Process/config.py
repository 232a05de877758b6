"""The configuration engine beside Hydra: whole processes (`config show`, a checked sweep), then composing in one process.

Usage: python3 bench/Process/config.py

`hydra_peer.py` brings Hydra. Where it cannot be had, the peer of `config show` is OmegaConf alone, which reads, merges and prints the same files.
What Hydra does in one process is timed by Python here and by `bench/Micro` for ours, with the same configuration of 50 groups.
"""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

import hydra_peer
from compare import PYTHON, ROOT, WEFT, machine, measure, once

MERGE = """
import glob, sys
from omegaconf import OmegaConf
config = OmegaConf.create()
for path in sorted(glob.glob("conf/*/a.yaml")):
    OmegaConf.update(config, path.split("/")[1], OmegaConf.load(path), force_add=True)
config.merge_with(OmegaConf.create({"lr": 0.1, "seed": 1}))
print(OmegaConf.to_yaml(config))
"""

PROGRAM = """
import hydra
from omegaconf import OmegaConf
@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(config): OmegaConf.to_container(config, resolve=True)
if __name__ == "__main__": main()
"""

# Prints microseconds: an override, a composition, a composition with other choices.
IN_PROCESS = """
import os, statistics, time
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
def median(work, runs):
    times = []
    for i in range(runs + 3):
        start = time.perf_counter()
        work(i)
        times.append(time.perf_counter() - start)
    return statistics.median(times[3:]) * 1e6
parser = OverridesParser.create()
print(median(lambda i: parser.parse_override("lr=0.1"), 200))
with initialize_config_dir(version_base="1.3", config_dir=os.path.abspath("conf")):
    print(median(lambda i: compose("config", ["lr=0.5", "g7.inner.depth=4"]), 5))
    print(median(lambda i: compose("config", [f"g{i}=b"]), 5))
"""

# Jobs of Hydra's own sweep, and points of ours: `g0=a,b lr=1:500`.
SWEPT = 50
POINTS = 1000


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def configuration(groups):
    folder = tempfile.mkdtemp(prefix="weft-config-")
    defaults = "".join(f"  - g{i}: a\n" for i in range(groups))
    write(f"{folder}/conf/config.yaml", f"defaults:\n{defaults}  - _self_\nlr: 0.1\nseed: 1\n")
    for i in range(groups):
        for option in "abc":
            inner = "inner:\n  lr: ${lr}\n  path: /data/${..name}\n  depth: 3\n  tags: [x, y]\n"
            write(f"{folder}/conf/g{i}/{option}.yaml", f"name: {option}{i}\nsize: {i}\nrate: 0.{i + 1}\nflags: [true, false]\n{inner}")
    write(f"{folder}/merge.py", MERGE)
    write(f"{folder}/train.py", PROGRAM)
    write(f"{folder}/hydraflow.yaml", "jobs:\n  train:\n    run: python3 train.py\n    sets:\n      - each: g0=a,b lr=1:500\n")
    return folder


def whole_processes(small, large, hydra):
    show = [PYTHON, "train.py", "--cfg", "job"] if hydra else [PYTHON, "merge.py"]
    peer = "Hydra" if hydra else "OmegaConf"
    measure(f"config show, 2 groups (peer: {peer})", [WEFT, "config", "show"], small, show, runs=20, bound="<= 60 ms", peer_env=hydra)
    measure(f"config show, 50 groups (peer: {peer})", [WEFT, "config", "show", "lr=0.5"], large, [*show, "lr=0.5"], runs=10, peer_env=hydra)
    measure("config show --resolve, 50 groups", [WEFT, "config", "show", "--resolve"], large, runs=10)
    measure("config explain of all, 50 groups", [WEFT, "config", "explain", "."], large, runs=10)
    measure("check, 50 groups of 3 options", [WEFT, "check"], large, runs=5)
    ours, _ = measure(f"plan with {POINTS:,} compositions of 50 groups", [WEFT, "plan", "train"], large, runs=5, bound="<= 0.5 s, flat memory")
    if hydra:
        theirs = once([PYTHON, "train.py", "-m", f"lr=range({SWEPT})", f"hydra.sweep.dir={large}/swept"], large, hydra)[0]
        print(f"Hydra itself runs a sweep of {SWEPT} empty jobs     {theirs * 1e3:9.1f} ms")
        print(f"  a job: composed in {ours / POINTS * 1e3:.2f} ms by us (start of the process included), run in {theirs / SWEPT * 1e3:.1f} ms by Hydra: ratio {ours / POINTS / (theirs / SWEPT):.4f}")


def in_process(large, hydra):
    with tempfile.TemporaryDirectory(prefix="weft-micro-") as results:
        micro = ["dotnet", "run", "-c", "Release", "--project", os.path.join(ROOT, "bench", "Micro"), "--", "--filter", "*Compose*", "*Override*", "--exporters", "briefjson", "--artifacts", results]
        subprocess.run(micro, check=True, stdout=subprocess.DEVNULL)
        ours = {}
        for path in glob.glob(f"{results}/results/*-brief.json"):
            with open(path) as file:
                for one in json.load(file)["Benchmarks"]:
                    ours[one["Method"] + one["Parameters"]] = one["Statistics"]["Median"] / 1e3
    theirs = [None] * 3
    if hydra:
        shown = subprocess.run([PYTHON, "-c", IN_PROCESS], cwd=large, env=hydra, check=True, capture_output=True, text=True).stdout
        theirs = [float(line) for line in shown.split()]
    rows = [
        ("read the override lr=0.1", "ReadWord=lr=0.1", theirs[0], "<= 3 us"),
        ("compose 50 groups, other values", "Values_of_50_groups", theirs[1], "<= 1.5 ms"),
        ("compose 50 groups, other choices", "Choices_of_50_groups", theirs[2], "<= 1.5 ms"),
        ("compose 50 groups, files read", "Files_of_50_groups", theirs[1], None),
    ]
    for name, key, peer, bound in rows:
        line = f"{name:<44} {ours[key]:9.1f} us"
        if peer:
            line += f"   Hydra {peer:10.1f} us  ratio {ours[key] / peer:.4f}"
        print(line + (f"   wanted: {bound}" if bound else ""))


def main():
    machine()
    hydra = hydra_peer.environment()
    print(f"# peer: {hydra_peer.version(hydra) if hydra else 'OmegaConf alone; Hydra could not be had'}", flush=True)
    small, large = configuration(2), configuration(50)
    if "in-process" not in sys.argv:
        whole_processes(small, large, hydra)
    if "processes" not in sys.argv:
        in_process(large, hydra)
    for folder in (small, large):
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
