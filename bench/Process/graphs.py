"""Graphs with outputs beside make, ninja, doit and snakemake, and the store beside sha256sum and `cp -r`.

Usage: python3 bench/Process/graphs.py [SECTION ...]     (all of them without; see SECTIONS; results: bench/results/graphs.txt)

Peers are Debian's packages; one that is not installed is left out with a word:
apt-get install make ninja-build python3-doit snakemake
Every measured run works in a folder of its own that is not removed: deleting thousands of files just before makes the next creation of files slow.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

from compare import PYTHON, WEFT, machine, once

RUNS = 5
SNAKEMAKE_RUNS = 1

TOUCH = "touch"


def folder():
    return tempfile.mkdtemp(prefix="weft-graphs-", dir=os.environ.get("WEFT_BENCH_FOLDER"))


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    return path


class Tool:
    """A program that runs graphs: the file in which it finds one, and the words that run it."""

    def __init__(self, name, file, text, words):
        self.name, self.file, self.text, self.words = name, file, text, words

    def make(self, at, count, chain):
        """`count` tasks that each touch a file; in a chain each needs the one before it."""
        write(os.path.join(at, self.file), self.text(count, [i - 1 if chain and i else None for i in range(count)]))

    def run(self, jobs):
        return self.words(str(jobs))


def weft_yaml(count, before):
    lines = ["weft: 1", "project: bench", "tasks:"]
    for i, needed in enumerate(before):
        reads, input = ("", []) if needed is None else (" ${{ inputs.before }}", [f"    inputs: {{before: t{needed}.out}}"])
        lines += [f"  t{i}:", f"    run: {TOUCH} ${{{{ outputs.out }}}}{reads}", *input, "    outputs: {out: out}"]
    return "\n".join(lines) + "\n"


def build_ninja(count, before):
    return "\n".join(["rule t", f"  command = {TOUCH} $out"] + [f"build o{i}: t{needs(needed)}" for i, needed in enumerate(before)]) + "\n"


def makefile(count, before):
    return "\n".join(["all: " + " ".join(f"o{i}" for i in range(count))] + [f"o{i}:{needs(needed)}\n\t{TOUCH} $@" for i, needed in enumerate(before)]) + "\n"


def needs(needed):
    return "" if needed is None else f" o{needed}"


def dodo(count, before):
    needed = "[f'o{i - 1}'] if i else []" if any(one is not None for one in before) else "[]"
    return ("def task_t():\n"
            f"    for i in range({count}):\n"
            f"        yield {{'name': str(i), 'actions': [f'{TOUCH} o{{i}}'], 'targets': [f'o{{i}}'], 'file_dep': {needed}, 'uptodate': [True]}}\n")


def snakefile(count, before):
    return f"rule all:\n    input: expand('o{{i}}', i=range({count}))\n\nrule t:\n    output: 'o{{i}}'\n    shell: '{TOUCH} {{output}}'\n"


WEFT_RUN = Tool("weft", "weft.yaml", weft_yaml, lambda jobs: [WEFT, "run", "main", "-q", "-j", jobs])
NINJA = Tool("ninja", "build.ninja", build_ninja, lambda jobs: ["ninja", "-j", jobs])
MAKE = Tool("make", "Makefile", makefile, lambda jobs: ["make", "-j", jobs])
DOIT = Tool("doit", "dodo.py", dodo, lambda jobs: ["doit"] if jobs == "1" else ["doit", "-n", jobs])
SNAKEMAKE = Tool("snakemake", "Snakefile", snakefile, lambda jobs: ["snakemake", "-q", "--cores", jobs])


def installed(tools):
    found = []
    for tool in tools:
        if tool is WEFT_RUN or shutil.which(tool.name):
            found.append(tool)
        else:
            print(f"{tool.name} is not installed: left out", flush=True)
    return found


def timed(argv, at):
    seconds, cpu, resident, code = once(argv, at)
    if code != 0:
        sys.exit(f"`{' '.join(argv)}` in {at} ended with exit code {code}")
    return seconds, cpu, resident


def report(what, times, cpu, memory, bound="", peers=()):
    ours = times["weft"]
    line = f"{what:<44} {statistics.median(ours) * 1e3:9.1f} ms  [{min(ours) * 1e3:.1f} .. {max(ours) * 1e3:.1f}]  CPU {statistics.median(cpu) * 1e3:8.1f} ms  {max(memory):4.0f} MB"
    print(line + (f"   wanted: {bound}" if bound else ""))
    for name in peers:
        theirs = times[name]
        ratio = statistics.median(a / b for a, b in zip(ours, theirs))
        print(f"{'  beside ' + name:<44} {statistics.median(theirs) * 1e3:9.1f} ms   ratio {ratio:.3f}" + (f"   {1 / ratio:.1f} times faster" if ratio < 0.5 else ""), flush=True)


def tasks(what, count, chain, jobs, tools, bound, runs=RUNS, again=0, again_bound=""):
    """Everything in turn, each time in a fresh folder; then, where `again`, the same command once more where nothing is left to do."""
    first = {tool.name: [] for tool in tools}
    later = {tool.name: [] for tool in tools}
    cpu, memory, later_cpu, later_memory = [], [], [], []
    for _ in range(runs):
        for tool in tools:
            at = folder()
            tool.make(at, count, chain)
            seconds, used, resident = timed(tool.run(jobs), at)
            first[tool.name].append(seconds)
            for _ in range(again):
                more, later_used, later_resident = timed(tool.run(jobs), at)
                later[tool.name].append(more)
                if tool is WEFT_RUN:
                    later_cpu.append(later_used)
                    later_memory.append(later_resident)
            if tool is WEFT_RUN:
                cpu.append(used)
                memory.append(resident)
    peers = [tool.name for tool in tools if tool is not WEFT_RUN]
    report(what, first, cpu, memory, bound, peers)
    if chain:
        print(f"{'':<44} {statistics.median(first['weft']) / count * 1e3:9.2f} ms per task")
    if again:
        report("  the same again: nothing to do", later, later_cpu, later_memory, again_bound, peers)


def independent():
    tasks("1,000 independent tasks with outputs, -j 2", 1000, False, 2, installed([WEFT_RUN, NINJA, MAKE, DOIT]), "<= 2x ninja", again=3, again_bound="<= 60 ms")


def snakemake():
    tools = installed([WEFT_RUN, SNAKEMAKE])
    if SNAKEMAKE in tools:
        tasks("1,000 independent tasks with outputs, -j 2", 1000, False, 2, tools, ">= 15x faster than snakemake", SNAKEMAKE_RUNS)


def chain():
    tasks("a chain of 1,000 tasks", 1000, True, 1, installed([WEFT_RUN, NINJA, MAKE, DOIT]), "<= 2.5 ms per task", runs=3)


def nothing():
    tasks("10,000 independent tasks with outputs, -j 2", 10000, False, 2, installed([WEFT_RUN, NINJA]), "", runs=1, again=7, again_bound="<= 200 ms")


def plan():
    many = folder()
    write(os.path.join(many, "weft.yaml"), "weft: 1\nproject: bench\ntasks:\n  t:\n    run: touch ${{ outputs.out }}\n    outputs: {out: out}\n    sweep: {grid: {a: '1:100000'}}\n")
    listed = folder()
    WEFT_RUN.make(listed, 100_000, False)
    for what, at in (("plan of 100,000 points of one task", many), ("plan of 100,000 tasks, each written down", listed)):
        runs = [timed([WEFT, "plan", "main", "-o", os.path.join(at, "plan.json")], at) for _ in range(3)]
        report(what, {"weft": [run[0] for run in runs]}, [run[1] for run in runs], [run[2] for run in runs], "<= 1 s")


def beside(what, yaml, prepare, peer, bound, runs=3):
    ours, theirs, cpu, memory = [], [], [], []
    for _ in range(runs):
        at = folder()
        write(os.path.join(at, "weft.yaml"), yaml)
        prepare(at)
        os.sync()
        theirs.append(timed(peer(at), at)[0])
        os.sync()
        seconds, used, resident = timed([WEFT, "run", "main", "-q"], at)
        ours.append(seconds)
        cpu.append(used)
        memory.append(resident)
        shutil.rmtree(at)
    name = os.path.basename(peer("")[0])
    report(what, {"weft": ours, name: theirs}, cpu, memory, bound, [name])


def large():
    """The program renames a file that is there already, so that what is measured is storing it and handing it to a second task."""
    yaml = ("weft: 1\nproject: bench\ntasks:\n  make:\n    run: mv made.bin ${{ outputs.big }}\n    outputs: {big: big.bin}\n"
            "  use:\n    run: test -s ${{ inputs.big }}\n    inputs: {big: make.big}\n    outputs: {done: {type: 'int?'}}\n    cache: false\n")

    def prepare(at):
        subprocess.run(["dd", "if=/dev/urandom", f"of={at}/made.bin", "bs=16M", "count=128", "status=none"], check=True)

    beside("a 2 GB output stored and linked", yaml, prepare, lambda at: ["sha256sum", os.path.join(at, "made.bin")], "<= 1.3x sha256sum")


def small():
    yaml = ("weft: 1\nproject: bench\ntasks:\n  make:\n    run: mv made/files ${{ outputs.all }}/files\n    outputs: {all: all/}\n")

    def prepare(at):
        for i in range(50):
            os.makedirs(f"{at}/made/files/d{i}")
            for j in range(1000):
                write(f"{at}/made/files/d{i}/f{j}", f"file {i} of {j}\n" * 4)

    beside("50,000 small files stored", yaml, prepare, lambda at: ["cp", "-r", os.path.join(at, "made"), os.path.join(at, "copy")], "<= 2x cp -r")


SECTIONS = {"independent": independent, "snakemake": snakemake, "chain": chain, "nothing": nothing, "plan": plan, "large": large, "small": small}


def main():
    wanted = sys.argv[1:] or list(SECTIONS)
    unknown = [name for name in wanted if name not in SECTIONS]
    if unknown:
        sys.exit(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    machine()
    for name in wanted:
        SECTIONS[name]()


if __name__ == "__main__":
    main()
