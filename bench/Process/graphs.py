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


class Weft:
    """Outputs are stored by content, cached, recorded; each task has a log and a folder of its own."""
    name = "weft"

    @staticmethod
    def make(at, count, chain):
        lines = ["weft: 1", "project: bench", "tasks:"]
        for i in range(count):
            lines.append(f"  t{i}:")
            lines.append(f"    run: {TOUCH} ${{{{ outputs.out }}}}" + (f" ${{{{ inputs.before }}}}" if chain and i else ""))
            if chain and i:
                lines.append(f"    inputs: {{before: t{i - 1}.out}}")
            lines.append("    outputs: {out: out}")
        write(os.path.join(at, "weft.yaml"), "\n".join(lines) + "\n")

    @staticmethod
    def run(jobs):
        return [WEFT, "run", "main", "-q", "-j", str(jobs)]


class Ninja:
    name = "ninja"

    @staticmethod
    def make(at, count, chain):
        lines = ["rule t", f"  command = {TOUCH} $out"]
        lines += [f"build o{i}: t" + (f" o{i - 1}" if chain and i else "") for i in range(count)]
        write(os.path.join(at, "build.ninja"), "\n".join(lines) + "\n")

    @staticmethod
    def run(jobs):
        return ["ninja", "-j", str(jobs)]


class Make:
    name = "make"

    @staticmethod
    def make(at, count, chain):
        lines = ["all: " + " ".join(f"o{i}" for i in range(count))]
        for i in range(count):
            lines += [f"o{i}:" + (f" o{i - 1}" if chain and i else ""), f"\t{TOUCH} $@"]
        write(os.path.join(at, "Makefile"), "\n".join(lines) + "\n")

    @staticmethod
    def run(jobs):
        return ["make", "-j", str(jobs)]


class Doit:
    name = "doit"

    @staticmethod
    def make(at, count, chain):
        before = "[f'o{i - 1}'] if i else []" if chain else "[]"
        write(os.path.join(at, "dodo.py"), "def task_t():\n"
              f"    for i in range({count}):\n"
              f"        yield {{'name': str(i), 'actions': [f'{TOUCH} o{{i}}'], 'targets': [f'o{{i}}'], 'file_dep': {before}, 'uptodate': [True]}}\n")

    @staticmethod
    def run(jobs):
        return ["doit", "-n", str(jobs)] if jobs > 1 else ["doit"]


class Snakemake:
    name = "snakemake"

    @staticmethod
    def make(at, count, chain):
        last = f"'o{count - 1}'" if chain else f"expand('o{{i}}', i=range({count}))"
        rules = [f"rule all:\n    input: {last}\n"]
        if chain:
            rules += [f"rule t{i}:\n" + (f"    input: 'o{i - 1}'\n" if i else "") + f"    output: 'o{i}'\n    shell: '{TOUCH} {{output}}'\n" for i in range(count)]
        else:
            rules.append(f"rule t:\n    output: 'o{{i}}'\n    shell: '{TOUCH} {{output}}'\n")
        write(os.path.join(at, "Snakefile"), "\n".join(rules))

    @staticmethod
    def run(jobs):
        return ["snakemake", "-q", "--cores", str(jobs)]


def installed(tools):
    found = []
    for tool in tools:
        if tool is Weft or shutil.which(tool.name):
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
                if tool is Weft:
                    later_cpu.append(later_used)
                    later_memory.append(later_resident)
            if tool is Weft:
                cpu.append(used)
                memory.append(resident)
    peers = [tool.name for tool in tools if tool is not Weft]
    report(what, first, cpu, memory, bound, peers)
    if chain:
        print(f"{'':<44} {statistics.median(first['weft']) / count * 1e3:9.2f} ms per task")
    if again:
        report("  the same again: nothing to do", later, later_cpu, later_memory, again_bound, peers)


def independent():
    tasks("1,000 independent tasks with outputs, -j 2", 1000, False, 2, installed([Weft, Ninja, Make, Doit]), "<= 2x ninja", again=3, again_bound="<= 60 ms")


def snakemake():
    tools = installed([Weft, Snakemake])
    if Snakemake in tools:
        tasks("1,000 independent tasks with outputs, -j 2", 1000, False, 2, tools, ">= 15x faster than snakemake", SNAKEMAKE_RUNS)


def chain():
    tasks("a chain of 1,000 tasks", 1000, True, 1, installed([Weft, Ninja, Make, Doit]), "<= 2.5 ms per task", runs=3)


def nothing():
    tasks("10,000 independent tasks with outputs, -j 2", 10000, False, 2, installed([Weft, Ninja]), "", runs=1, again=7, again_bound="<= 200 ms")


def plan():
    many = folder()
    write(os.path.join(many, "weft.yaml"), "weft: 1\nproject: bench\ntasks:\n  t:\n    run: touch ${{ outputs.out }}\n    outputs: {out: out}\n    sweep: {grid: {a: '1:100000'}}\n")
    listed = folder()
    Weft.make(listed, 100_000, False)
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
