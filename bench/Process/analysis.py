"""The figures of analysis: 10,000 recorded runs listed, filtered and sorted; in MLflow's folder `mlruns` at first sight and later, and in the store.

The peer is a Python program that opens the same files and reads them, without making anything of what they hold.

Usage: python3 bench/Process/analysis.py [RUNS]
"""
import os
import shutil
import sys
import tempfile

from compare import PYTHON, WEFT, machine, measure, once

META = """artifact_uri: file://{folder}/artifacts
end_time: {ended}
entry_point_name: ''
experiment_id: '1'
lifecycle_stage: active
run_id: {id}
run_name: brave-{number}
source_name: ''
source_type: 4
source_version: ''
start_time: {started}
status: 3
tags: []
user_id: somebody
"""

CONFIG = """width: {width}
height: {height}
model:
  name: cnn
  layers: 4
  dropout: 0.1
optimizer:
  name: adam
  lr: {lr}
  betas:
  - 0.9
  - 0.999
seed: {seed}
"""

READ = """
import os, sys
count = 0
for run in os.scandir(sys.argv[1]):
    if not run.is_dir():
        continue
    paths = [run.path + "/meta.yaml", run.path + "/artifacts/.hydra/config.yaml"]
    for kind in ("params", "metrics"):
        paths += [one.path for one in os.scandir(run.path + "/" + kind)]
    for path in paths:
        with open(path, "rb") as file:
            count += len(file.read())
"""


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def make(root, count):
    """Runs as a program decorated with @hydraflow.main leaves them: no params, two metrics, Hydra's files."""
    experiment = os.path.join(root, "mlruns", "1")
    os.makedirs(experiment)
    write(os.path.join(experiment, "meta.yaml"), f"artifact_location: file://{experiment}\nexperiment_id: '1'\nlifecycle_stage: active\nname: train\n")
    for number in range(count):
        id = f"{number * 2654435761 % 2**32:08x}" * 4
        folder = os.path.join(experiment, id)
        for part in ("params", "metrics", "tags", "artifacts/.hydra"):
            os.makedirs(os.path.join(folder, part))
        started = 1_760_000_000_000 + number * 1000
        write(os.path.join(folder, "meta.yaml"), META.format(folder=folder, id=id, number=number, started=started, ended=started + 500))
        for i, key in enumerate(("acc", "loss")):
            write(os.path.join(folder, "metrics", key), "".join(f"{started + step} {(number * 37 + i + step) % 1000 / 1000} {step}\n" for step in range(5)))
        write(os.path.join(folder, "tags", "mlflow.runName"), f"brave-{number}")
        write(os.path.join(folder, "artifacts", ".hydra", "config.yaml"), CONFIG.format(width=number % 100, height=number % 7, lr=0.001 * (number % 5 + 1), seed=number))
        write(os.path.join(folder, "artifacts", ".hydra", "overrides.yaml"), f"- width={number % 100}\n- seed={number}\n")


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    root = tempfile.mkdtemp(prefix="weft-bench-")
    make(root, count)
    machine()
    cache = os.path.join(root, "cache")
    env = {**os.environ, "XDG_CACHE_HOME": cache}

    def forget():
        shutil.rmtree(cache, ignore_errors=True)

    runs = f"{count:,} runs"
    here = [WEFT, "runs", "--from", "mlruns", "-q", "--limit", "20"]
    peer = [PYTHON, "-c", READ, os.path.join(root, "mlruns", "1")]
    measure(f"{runs} of mlruns, the first look", here, root, peer, runs=5, before=forget, env=env, bound="<= 1 s")
    measure("listed again", here, root, env=env, bound="<= 300 ms")
    measure("filtered and sorted", [*here, "width < 50 and acc > 0.5", "--sort", "-acc"], root, env=env, bound="<= 300 ms")
    measure("grouped", [*here[:5], "--group", "width", "--aggregate", "mean(acc),count"], root, env=env, bound="<= 300 ms")

    # As Weft records runs: the settings are params.
    for run in os.scandir(os.path.join(root, "mlruns", "1")):
        if run.is_dir():
            with open(os.path.join(run.path, "artifacts", ".hydra", "overrides.yaml")) as file:
                for line in file:
                    key, value = line[2:].strip().split("=")
                    write(os.path.join(run.path, "params", key), value)
    write(os.path.join(root, "hydraflow.yaml"), "jobs:\n  train:\n    run: 'true'\n")
    if once([WEFT, "import", "mlflow", "mlruns", "-q"], root, env)[3] != 0:
        sys.exit("the import failed")
    store = [WEFT, "runs", "-q", "--limit", "20"]
    measure(f"{runs} of the store, listed", store, root, env=env, bound="<= 300 ms")
    measure("filtered and sorted", [*store, "width = '7' and acc > 0.5", "--sort", "-acc"], root, env=env, bound="<= 300 ms")
    measure("filtered by a setting as a number", [*store, "width < 50 and acc > 0.5", "--sort", "-acc"], root, env=env)
    measure("grouped", [*store[:3], "--group", "width", "--aggregate", "mean(acc),count"], root, env=env, bound="<= 300 ms")
    shutil.rmtree(root)


if __name__ == "__main__":
    main()
