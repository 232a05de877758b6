"""What a program needs of Weft, in one file: `weft python > weft.py`, then `import weft`. Python 3.8 or newer, nothing to install.

    import weft

    p = weft.params(lr=0.1, epochs=10)             # defaults, then the words of the command line, then what Weft hands over
    for epoch in range(p["epochs"]):
        weft.log({"loss": train(p["lr"])}, step=epoch)
        if weft.stopping():                        # somebody asked us to end, or the time is nearly up
            save(weft.checkpoint() / "model.pt")
            weft.requeue()                         # go on later, in a new attempt
    weft.result(accuracy=0.93)

The same program runs without Weft: parameters come from the command line, inputs and outputs are paths beside the program, values are printed.
The file may be copied into any project; it is under the MIT licence, as Weft is.
"""
import atexit
import base64
import json
import math
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

__all__ = ["checkpoint", "get", "input", "log", "output", "params", "requeue", "result", "runs", "stopping"]

_REQUEUE = 75
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")


def params(argv=None, **defaults):
    """The parameters of this task, as a dictionary.

    Defaults first; then the words `key=value`, `+key=value`, `--key=value` and `--key value` of the command line (`--flag` alone is True, and so it is always
    where the default is True or False; dotted keys stay dotted); then what Weft hands over in the file WEFT_PARAMS. Texts that look like numbers, true, false, null or JSON are read as such; a default that is a text
    keeps its parameter a text. The first log() records them as params of the run.

    argv: the words, sys.argv[1:] when left out.
    """
    values = dict(defaults)
    flags = [key for key, value in defaults.items() if isinstance(value, bool)]
    for key, text in _words(sys.argv[1:] if argv is None else argv, flags):
        values[key] = text if isinstance(defaults.get(key), str) else _typed(text)
    path = os.environ.get("WEFT_PARAMS")
    if path:
        with open(path, encoding="utf-8") as file:
            values.update(json.load(file))
    _tracking.params = values
    return values


def input(name, default=None):
    """The path of an input. Outside Weft: `default`, else a file or folder of that name in the working folder."""
    found = os.environ.get("WEFT_INPUT_" + _variable(name))
    if found is None and default is None and "WEFT_EXECUTION" in os.environ:
        raise KeyError(f"this task has no input {name!r}; it has {_names('WEFT_INPUT_')}")
    return pathlib.Path(found if found is not None else name if default is None else default)


def output(name, default=None):
    """The path that an output must be written to; its parent folder is there. Outside Weft: `default`, else `outputs/NAME`."""
    found = os.environ.get("WEFT_OUTPUT_" + _variable(name))
    if found is None and default is None and "WEFT_EXECUTION" in os.environ:
        raise KeyError(f"this task has no output {name!r}; it has {_names('WEFT_OUTPUT_')}")
    path = pathlib.Path(found if found is not None else pathlib.Path("outputs") / name if default is None else default)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def log(metrics, step=0):
    """Logs numbers of a step: {"loss": 0.5}. They become the metrics of an MLflow run of this task, live.

    The run goes to MLFLOW_TRACKING_URI, which Weft sets. Without it, or when it is no http address, the numbers are printed to standard error.
    """
    now = int(time.time() * 1000)
    if not _tracking.begin():
        print(f"step {step}: " + " ".join(f"{key}={value}" for key, value in metrics.items()), file=sys.stderr)
        return
    points = [{"key": key, "value": _number(value), "timestamp": now, "step": int(step)} for key, value in metrics.items()]
    for start in range(0, len(points), 1000):
        _tracking.call("runs/log-batch", {"run_id": _tracking.run, "metrics": points[start:start + 1000]})


def result(**values):
    """Reports results: later tasks, selectors and conditions read them, numbers become metrics. The last value of a name counts. Outside Weft they are printed."""
    line = json.dumps({key: _plain(value) for key, value in values.items()})
    path = os.environ.get("WEFT_RESULTS")
    if path is None:
        print("result: " + line)
        return
    with open(path, "a", encoding="utf-8") as file:
        file.write(line + "\n")


def checkpoint():
    """A folder, made when it is missing, that outlives this attempt: what is in it is there when the task is started again. Outside Weft: `.checkpoint`."""
    path = pathlib.Path(os.environ.get("WEFT_CHECKPOINT", ".checkpoint"))
    path.mkdir(parents=True, exist_ok=True)
    return path


def stopping():
    """Whether this program was asked to end (SIGTERM). Call it first before the work begins: until then the signal ends the program at once, as usual."""
    _stop.install()
    return _stop.asked


def requeue():
    """Ends the program (exit code 75) and asks to be started again, with the same checkpoint folder. Outside Weft it only ends."""
    checkpoint()
    sys.exit(_REQUEUE)


def runs(experiment=None, filter=None, folder=None, limit=None):
    """Recorded runs, newest first, each a dictionary with run_id, name, status, params and metrics, as `weft runs --json` prints them.

    filter: in MLflow's language, `accuracy > 0.9 and model = 'svm'`. folder: an `mlruns` folder to read in place of the project's records.
    limit: the most runs to list, 1000 when left out. Needs the program `weft` in PATH, or its path in WEFT_BINARY.
    """
    program = os.environ.get("WEFT_BINARY") or shutil.which("weft")
    if program is None:
        raise FileNotFoundError("weft is not in PATH; WEFT_BINARY may name it")
    words = [program, "runs", "--json", "--quiet"] + [word for word in (experiment, filter) if word]
    if folder is not None:
        words += ["--from", str(folder)]
    if limit is not None:
        words += ["--limit", str(limit)]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        try:
            problems = "; ".join(one["message"] for one in json.loads(done.stdout.decode("utf-8"))["diagnostics"])
        except (ValueError, KeyError, TypeError):
            problems = done.stderr.decode("utf-8", "replace").strip()
        raise RuntimeError(problems or f"{program} ended with code {done.returncode}")
    return json.loads(done.stdout.decode("utf-8"))


_MISSING = object()


def get(run, key, default=_MISSING):
    """A field of a run of runs(): a param (read as a number, flag or null where it looks like one), else a metric, else a fact such as `status`.

    A key that is not there is a KeyError, unless a default is given. `params.KEY` and `metrics.KEY` ask for that kind alone.
    """
    for kind in ("params", "metrics"):
        name = key[len(kind) + 1:] if key.startswith(kind + ".") else key
        if name in run.get(kind, {}) and (name != key or not key.startswith(("params.", "metrics.")) or key in run[kind]):
            value = run[kind][name]
            return _typed(value) if kind == "params" else {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}.get(value, value)
    if key in run and key not in ("params", "metrics"):
        return run[key]
    if default is _MISSING:
        raise KeyError(f"the run {run.get('name', '?')} has no {key!r}; it has {', '.join([*run.get('params', {}), *run.get('metrics', {})])}")
    return default


def _words(argv, flags):
    waiting = None
    for word in argv:
        if waiting is not None:
            if not word.startswith("--"):
                yield waiting, word
                waiting = None
                continue
            yield waiting, "true"
            waiting = None
        if word.startswith("--") and len(word) > 2:
            key, sign, value = word[2:].partition("=")
            if sign:
                yield key, value
            elif key in flags:
                yield key, "true"
            else:
                waiting = key
        elif "=" in word and not word.startswith("-"):
            key, _, value = word.lstrip("+").partition("=")
            yield key, value
    if waiting is not None:
        yield waiting, "true"


def _typed(text):
    if not isinstance(text, str):
        return text
    if _NUMBER.fullmatch(text):
        return int(text) if re.fullmatch(r"[-+]?[0-9]+", text) else float(text)
    if text[:1] in "[{" and text:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None, "nan": math.nan, "inf": math.inf, "-inf": -math.inf}.get(text, text)


def _plain(value):
    """A value that JSON can hold: numbers of NumPy and the like are asked for theirs."""
    if hasattr(value, "item") and callable(value.item):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, pathlib.PurePath):
        return str(value)
    return value


def _number(value):
    value = float(_plain(value))
    return value if math.isfinite(value) else {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]


def _variable(name):
    return "".join(c.upper() if c.isascii() and c.isalnum() else "_" for c in name)


def _names(prefix):
    return ", ".join(sorted(key[len(prefix):].lower() for key in os.environ if key.startswith(prefix))) or "none"


class _Stop:
    asked = False
    _installed = False

    def install(self):
        if self._installed or threading.current_thread() is not threading.main_thread():
            return
        self._installed = True
        signal.signal(signal.SIGTERM, self._set)

    def _set(self, number, frame):
        self.asked = True


class _Tracking:
    """The MLflow run of this program, made when the first value is logged."""
    run = None
    params = None
    _failed = False

    def begin(self):
        if self.run is not None:
            return True
        uri = os.environ.get("MLFLOW_TRACKING_URI", "")
        if not uri.startswith(("http://", "https://")):
            return False
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", "Default")
        try:
            experiment = self.call("experiments/get-by-name?" + urllib.parse.urlencode({"experiment_name": name}))["experiment"]["experiment_id"]
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            experiment = self.call("experiments/create", {"name": name})["experiment_id"]
        self.run = self.call("runs/create", {"experiment_id": experiment, "start_time": int(time.time() * 1000)})["run"]["info"]["run_id"]
        # Paths of inputs are no settings: they are other ones in each attempt.
        known = [{"key": key, "value": value if isinstance(value, str) else json.dumps(value)} for key, value in (params() if self.params is None else self.params).items()
                 if value != os.environ.get("WEFT_INPUT_" + _variable(key))]
        for start in range(0, len(known), 100):
            self.call("runs/log-batch", {"run_id": self.run, "params": known[start:start + 100]})
        self._watch()
        return True

    def call(self, route, body=None):
        request = urllib.request.Request(os.environ["MLFLOW_TRACKING_URI"].rstrip("/") + "/api/2.0/mlflow/" + route, method="GET" if body is None else "POST")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        token, user = os.environ.get("MLFLOW_TRACKING_TOKEN"), os.environ.get("MLFLOW_TRACKING_USERNAME")
        if token:
            request.add_header("Authorization", "Bearer " + token)
        elif user:
            pair = user + ":" + os.environ.get("MLFLOW_TRACKING_PASSWORD", "")
            request.add_header("Authorization", "Basic " + base64.b64encode(pair.encode()).decode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def _watch(self):
        before = sys.excepthook

        def failed(kind, value, trace):
            self._failed = True
            before(kind, value, trace)
        sys.excepthook = failed
        atexit.register(self._end)

    def _end(self):
        try:
            self.call("runs/update", {"run_id": self.run, "status": "FAILED" if self._failed else "FINISHED", "end_time": int(time.time() * 1000)})
        except OSError:
            pass  # Nobody listens any more: Weft ends the runs that its programs leave open.


_stop = _Stop()
_tracking = _Tracking()
