"""`weft config show` as a whole process: a small configuration, one of 50 groups, a sweep of 1,000 points checked by `weft plan`.

Usage: python3 bench/Process/config.py

The peer is OmegaConf alone: it reads and merges the same files and prints them. It does not compose: no defaults list, no overrides, no search path.
Hydra adds its own start to that; 1.3.5 took 0.35 s for `--cfg job` of a small application where OmegaConf's import took 0.15 s.
"""
import os
import shutil
import tempfile

from compare import PYTHON, WEFT, machine, measure

MERGE = """
import glob, sys
from omegaconf import OmegaConf
config = OmegaConf.create()
for path in sorted(glob.glob("conf/*/a.yaml")):
    OmegaConf.update(config, path.split("/")[1], OmegaConf.load(path), force_add=True)
config.merge_with(OmegaConf.create({"lr": 0.1, "seed": 1}))
print(OmegaConf.to_yaml(config))
"""

PROGRAM = '@hydra.main(config_path="conf", config_name="config")\ndef main(config): pass\n'


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


def main():
    machine()
    small, large = configuration(2), configuration(50)
    start = [PYTHON, "-c", "import yaml"]
    measure("config show, 2 groups (peer: import yaml)", [WEFT, "config", "show"], small, start, runs=20, bound="<= 60 ms")
    measure("config show, 50 groups (peer: OmegaConf)", [WEFT, "config", "show", "lr=0.5"], large, [PYTHON, "merge.py"], runs=20)
    measure("config show --resolve, 50 groups", [WEFT, "config", "show", "--resolve"], large, runs=10)
    measure("config explain of all, 50 groups", [WEFT, "config", "explain", "."], large, runs=10)
    measure("check, 50 groups of 3 options", [WEFT, "check"], large, runs=5)
    measure("plan with 1,000 compositions of 50 groups", [WEFT, "plan", "train"], large, runs=5, bound="<= 0.5 s, flat memory")
    for folder in (small, large):
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
