"""A stand-in for a Hydra application in tests: reads the words that Hydra reads and writes the folders that Hydra writes.

It composes defaults (an optimizer within them, as a group would bring it) with the overrides on its command line: `key=value`, `+key=value`,
`~key`, dotted keys, values typed as YAML types them. It knows `--multirun` with comma lists (cartesian product, last key fastest),
`hydra.sweep.dir`, `hydra.run.dir`, `hydra.job.name` and `hydra/launcher=joblib` with `hydra.launcher.n_jobs` (jobs side by side). Every job gets
DIR/NUMBER/.hydra/{config,overrides,hydra}.yaml and DIR/NUMBER/NAME.log; without --multirun DIR is outputs/DAY/HOUR. All jobs run, whatever becomes of
one; then the first that failed is named, and the program ends with code 1. It needs no package.

Words for the tests themselves: `+sleep=SECONDS` waits, `+fail=WORD` fails the jobs whose overrides hold WORD, `+track=true` makes an MLflow run of
each job by MLFLOW_TRACKING_URI, unless there is a file `skip`: then all is taken to be done. The plus may be left out.
"""
import concurrent.futures
import datetime
import itertools
import json
import os
import re
import sys
import time
import traceback
import urllib.request

DEFAULTS = {"width": 1024, "height": 768, "optimizer": {"name": "adam", "lr": 0.001, "betas": [0.9, 0.999]}, "resume": None}


def split_commas(text):
    parts, depth, quote, start = [], 0, None, 0
    for i, c in enumerate(text):
        if quote:
            quote = None if c == quote else quote
        elif c in "'\"":
            quote = c
        elif c in "[({":
            depth += 1
        elif c in "])}":
            depth -= 1
        elif c == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return parts + [text[start:]]


def read_words(words):
    settings = {"hydra.job.name": "app", "hydra.sweep.dir": None, "hydra.run.dir": None, "hydra/launcher": "basic", "hydra.launcher.n_jobs": "1"}
    multirun, axes = False, []
    for word in words:
        if word in ("--multirun", "-m"):
            multirun = True
            continue
        key, sign, value = word.partition("=")
        if not sign and not word.startswith("~"):
            sys.exit(f"Error parsing override '{word}': missing EQUAL")
        if key.startswith("hydra"):
            settings[key] = value
        else:
            axes.append([f"{key}={printed(part)}" for part in split_commas(value)] if sign and multirun else [word + "=null" if multirun else word])
    return settings, multirun, [list(point) for point in itertools.product(*axes)]


def typed(text):
    if text.startswith("[") and text.endswith("]"):
        return [typed(item.strip()) for item in split_commas(text[1:-1]) if item.strip()]
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    if re.fullmatch(r"[-+]?[0-9]+", text):
        return int(text)
    if re.fullmatch(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", text):
        return float(text)
    return {"true": True, "false": False, "null": None}.get(text.lower(), text)


def printed(text):
    """The value of a job's word: what Hydra has read as a number or a flag it writes as Python does."""
    value = typed(text)
    return str(value) if isinstance(value, (int, float)) else text


def compose(overrides):
    config = json.loads(json.dumps(DEFAULTS))
    for override in overrides:
        key, _, value = override.lstrip("+").partition("=")
        *parents, last = key.lstrip("~").split(".")
        node = config
        for parent in parents:
            node = node.setdefault(parent, {})
        if key.startswith("~"):
            node.pop(last, None)
        else:
            node[last] = typed(value)
    return config


def yaml(node, indent=""):
    lines = []
    for key, value in node.items():
        if isinstance(value, dict) and value:
            lines += [f"{indent}{key}:", *yaml(value, indent + "  ")]
        elif isinstance(value, list) and value:
            lines += [f"{indent}{key}:", *(f"{indent}- {scalar(item)}" for item in value)]
        else:
            lines.append(f"{indent}{key}: {scalar(value)}")
    return lines


def scalar(value):
    if isinstance(value, str) and (not re.fullmatch(r"[\w./+-]+", value) or typed(value) != value):
        return "'" + value.replace("'", "''") + "'"
    text = value if isinstance(value, str) else json.dumps(value)
    return text.replace("e", ".0e", 1) if isinstance(value, float) and "." not in text else text


def write(path, lines):
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in lines))


def run_job(number, overrides, settings, multirun):
    if multirun:
        folder = os.path.join(settings["hydra.sweep.dir"], str(number))
    else:
        folder = settings["hydra.run.dir"] or datetime.datetime.now().strftime("outputs/%Y-%m-%d/%H-%M-%S")
    os.makedirs(os.path.join(folder, ".hydra"), exist_ok=True)
    config = compose(overrides)
    name = settings["hydra.job.name"]
    write(os.path.join(folder, ".hydra", "overrides.yaml"), [f"- {word}" for word in overrides] or ["[]"])
    write(os.path.join(folder, ".hydra", "config.yaml"), yaml(config) or ["{}"])
    write(os.path.join(folder, ".hydra", "hydra.yaml"), yaml({"hydra": {
        "job": {"name": name, **({"num": number} if multirun else {})}, "mode": "MULTIRUN" if multirun else "RUN",
        "overrides": {"task": overrides}, "runtime": {"cwd": os.getcwd(), "output_dir": os.path.abspath(folder)}}}))
    log = os.path.join(folder, name + ".log")
    open(log, "a").close()
    if multirun:
        print(f"[HYDRA] \t#{number} : {' '.join(overrides)}", flush=True)
    time.sleep(float(config.get("sleep", 0)))
    if "fail" in config and any(str(config["fail"]) == word.lstrip("+") for word in overrides):
        raise RuntimeError(f"asked to fail by {config['fail']}")
    if config.get("track") and not os.path.exists("skip"):
        track(config, os.path.join(folder, ".hydra"))
    with open(log, "a") as file:
        file.write(f"[INFO] - {config}\n")


def track(config, hydra):
    """What a program decorated with @hydraflow.main leaves: a finished run with Hydra's folder among its artifacts and no params."""
    def call(route, body):
        request = urllib.request.Request(os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/" + route, json.dumps(body).encode(), method="POST",
                                         headers={"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    url = os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/experiments/get-by-name?experiment_name=" + os.environ["MLFLOW_EXPERIMENT_NAME"]
    request = urllib.request.Request(url, headers={"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]})
    try:
        with urllib.request.urlopen(request) as answer:
            experiment = json.load(answer)["experiment"]["experiment_id"]
    except urllib.error.HTTPError:
        experiment = call("experiments/create", {"name": os.environ["MLFLOW_EXPERIMENT_NAME"]})["experiment_id"]
    info = call("runs/create", {"experiment_id": experiment, "start_time": int(time.time() * 1000)})["run"]["info"]
    call("runs/log-metric", {"run_id": info["run_id"], "key": "area", "value": config["width"] * config["height"], "timestamp": 1, "step": 0})
    artifacts = info["artifact_uri"].replace("file://", "", 1)
    os.makedirs(os.path.join(artifacts, ".hydra"), exist_ok=True)
    for file in os.listdir(hydra):
        with open(os.path.join(hydra, file)) as source, open(os.path.join(artifacts, ".hydra", file), "w") as target:
            target.write(source.read())
    call("runs/update", {"run_id": info["run_id"], "status": "FINISHED", "end_time": int(time.time() * 1000)})


def main():
    settings, multirun, points = read_words(sys.argv[1:])
    if multirun:
        settings["hydra.sweep.dir"] = settings["hydra.sweep.dir"] or datetime.datetime.now().strftime("multirun/%Y-%m-%d/%H-%M-%S")
        os.makedirs(settings["hydra.sweep.dir"], exist_ok=True)
        write(os.path.join(settings["hydra.sweep.dir"], "multirun.yaml"), yaml({"hydra": {"mode": "MULTIRUN"}}))
        print(f"[HYDRA] Launching {len(points)} jobs locally", flush=True)
    workers = int(settings["hydra.launcher.n_jobs"]) if settings["hydra/launcher"] == "joblib" else 1
    with concurrent.futures.ThreadPoolExecutor(max(1, workers)) as pool:
        jobs = [pool.submit(run_job, number, point, settings, multirun) for number, point in enumerate(points)]
    for point, job in zip(points, jobs):
        if job.exception():
            print(f"Error executing job with overrides: {point}", file=sys.stderr)
            traceback.print_exception(type(job.exception()), job.exception(), job.exception().__traceback__)
            sys.exit("\nSet the environment variable HYDRA_FULL_ERROR=1 for a complete stack trace.")


if __name__ == "__main__":
    main()
