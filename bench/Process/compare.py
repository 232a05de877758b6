"""Whole-process comparisons: a command of ours and a peer's in turn, A B A B ..., medians and the ratio pair by pair.

Used by the scripts beside it; pure standard library. Times are wall-clock from fork to reaped, memory is the largest resident set of the
process itself; CPU time, with that of the children, says more than wall time when others use the machine. The machine, its load and every median are printed, so that a result file tells how it was made.
"""
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WEFT = os.environ.get("WEFT_BINARY", os.path.join(ROOT, "artifacts", "weft", "weft"))
PYTHON = "/usr/bin/python3"


def once(argv, cwd, env=None):
    """Wall seconds, CPU seconds (with its children), resident megabytes and exit code of one run with its output thrown away."""
    with open(os.devnull, "r+b") as null:
        started = time.perf_counter()
        process = subprocess.Popen(argv, cwd=cwd, env=env, stdin=null, stdout=null, stderr=null)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode


def measure(name, argv, cwd, peer=None, runs=10, before=None, bound=None, env=None, peer_env=None, warm=True):
    """Runs `argv` (and `peer` in turn) once unmeasured, if `warm`, and `runs` times measured; `before` prepares each run of ours."""
    ours, theirs, work, memory = [], [], [], []
    for i in range(0 if warm else 1, runs + 1):
        if before:
            before()
        seconds, cpu, resident, code = once(argv, cwd, env)
        if code != 0:
            sys.exit(f"{name}: `{' '.join(argv)}` ended with exit code {code}")
        peer_seconds = once(peer, cwd, peer_env)[0] if peer else None
        if i > 0:
            ours.append(seconds)
            work.append(cpu)
            memory.append(resident)
            if peer:
                theirs.append(peer_seconds)
    line = f"{name:<44} {statistics.median(ours) * 1e3:9.1f} ms  [{min(ours) * 1e3:.1f} .. {max(ours) * 1e3:.1f}]  CPU {statistics.median(work) * 1e3:8.1f} ms  {max(memory):4.0f} MB"
    if peer:
        ratio = statistics.median(a / b for a, b in zip(ours, theirs))
        line += f"   peer {statistics.median(theirs) * 1e3:9.1f} ms  ratio {ratio:.2f}"
    if bound:
        line += f"   wanted: {bound}"
    print(line, flush=True)
    return statistics.median(ours), statistics.median(theirs) if peer else None


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.processor())
    print(f"# {os.cpu_count()} CPUs ({model}), Linux {platform.release()}, load {os.getloadavg()[0]:.1f}, {time.strftime('%Y-%m-%d')}")
    version = subprocess.run([WEFT, "--version"], capture_output=True, text=True).stdout.strip()
    print(f"# {version}; medians of the runs, [least .. most], CPU time with children, largest resident set", flush=True)


def project(text, name="hydraflow.yaml"):
    """A fresh folder with one file."""
    folder = tempfile.mkdtemp(prefix="weft-bench-")
    with open(os.path.join(folder, name), "w") as file:
        file.write(text)
    return folder
