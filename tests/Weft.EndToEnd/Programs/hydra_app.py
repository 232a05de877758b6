"""A stand-in for a Hydra application in tests: reads the words that Hydra reads and writes the folders that Hydra writes.

It knows `--multirun` with comma lists (cartesian product, last key fastest), `hydra.sweep.dir`, `hydra.job.name` and
`hydra/launcher=joblib` with `hydra.launcher.n_jobs` (jobs side by side). Every job gets DIR/NUMBER/.hydra/{config,overrides,hydra}.yaml and
DIR/NUMBER/NAME.log. It needs no package.

Words for the tests themselves: `sleep=SECONDS` waits, `fail=WORD` fails the jobs whose overrides hold WORD.
"""
import concurrent.futures
import itertools
import os
import sys
import time


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
    settings, axes = {"hydra.job.name": "app", "hydra.sweep.dir": "multirun/now", "hydra/launcher": "basic", "hydra.launcher.n_jobs": "1"}, []
    for word in words:
        if word in ("--multirun", "-m"):
            continue
        key, sign, value = word.partition("=")
        if not sign:
            sys.exit(f"Error parsing override '{word}': missing EQUAL")
        if key.startswith("hydra"):
            settings[key] = value
        else:
            axes.append([f"{key}={part}" for part in split_commas(value)])
    return settings, [list(point) for point in itertools.product(*axes)]


def run_job(number, overrides, settings):
    folder = os.path.join(settings["hydra.sweep.dir"], str(number))
    os.makedirs(os.path.join(folder, ".hydra"), exist_ok=True)
    values = dict(word.split("=", 1) for word in overrides)
    with open(os.path.join(folder, ".hydra", "overrides.yaml"), "w") as file:
        file.write("".join(f"- {word}\n" for word in overrides) or "[]\n")
    with open(os.path.join(folder, ".hydra", "config.yaml"), "w") as file:
        file.write("".join(f"{key}: {value}\n" for key, value in values.items()) or "{}\n")
    with open(os.path.join(folder, ".hydra", "hydra.yaml"), "w") as file:
        file.write(f"hydra:\n  job:\n    name: {settings['hydra.job.name']}\n    num: {number}\n  mode: MULTIRUN\n")
    print(f"[HYDRA] \t#{number} : {' '.join(overrides)}", flush=True)
    time.sleep(float(values.get("sleep", 0)))
    if "fail" in values and values["fail"] in overrides:
        raise RuntimeError(f"asked to fail by {values['fail']}")
    with open(os.path.join(folder, settings["hydra.job.name"] + ".log"), "a") as file:
        file.write(f"[INFO] - {values}\n")


def main():
    settings, points = read_words(sys.argv[1:])
    print(f"[HYDRA] Launching {len(points)} jobs locally", flush=True)
    workers = int(settings["hydra.launcher.n_jobs"]) if settings["hydra/launcher"] == "joblib" else 1
    with concurrent.futures.ThreadPoolExecutor(max(1, workers)) as pool:
        for job in [pool.submit(run_job, number, point, settings) for number, point in enumerate(points)]:
            job.result()


if __name__ == "__main__":
    main()
