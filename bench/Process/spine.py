"""The figures of the main job: dry runs, trivial runs beside xargs, a run with nothing to do, a million points, 100,000 points.

Usage: python3 bench/Process/spine.py [--long]     (--long adds the 100,000 points)
"""
import os
import shutil
import sys
import tempfile

from compare import PYTHON, WEFT, machine, measure, project

SIX = "jobs:\n  six:\n    run: python app.py\n    sets:\n      - each: a=1:6\n"
MANY = "jobs:\n  many:\n    run: python app.py\n    sets:\n      - each: a=1:10000\n"
MILLION = "jobs:\n  million:\n    run: python app.py\n    sets:\n      - each: a=1:1000 b=1:1000\n"


def trivial(count):
    return f"jobs:\n  trivial:\n    run: 'true'\n    sets:\n      - each: a=1:{count}\n"


def main():
    machine()
    measure("dry run, 6 commands", [WEFT, "run", "six", "--dry-run"], project(SIX), [PYTHON, "-c", "import yaml"], runs=20, bound="<= 60 ms, <= 4x import yaml")
    measure("plan, 6 commands", [WEFT, "plan", "six"], project(SIX), runs=20, bound="<= 60 ms")
    measure("dry run, 10,000 commands", [WEFT, "run", "many", "--dry-run"], project(MANY), bound="<= 150 ms")
    # How long it takes to enumerate them is a figure of bench/Micro: here a hundred megabytes are made and written as well.
    measure("a million points printed", [WEFT, "run", "million", "--dry-run"], project(MILLION), runs=3, bound="the memory of 10,000")

    folder = project(trivial(1000))
    # Each measured run gets a state folder of its own: removing a thousand files just before would slow the next creation of files. The old ones go
    # out of the project, where they would be part of the state of its code.
    old = tempfile.mkdtemp(prefix="weft-bench-")

    def fresh():
        if os.path.exists(os.path.join(folder, ".weft")):
            os.rename(os.path.join(folder, ".weft"), tempfile.mkdtemp(dir=old))

    ours, peer = measure(
        "1,000 x true, -j 2, recorded", [WEFT, "run", "trivial", "-j", "2", "-q"], folder, ["sh", "-c", "seq 1000 | xargs -P2 -n1 true"], runs=5, before=fresh, bound="<= 1.0 ms per run beyond xargs"
    )
    print(f"{'':<44} {(ours - peer):9.2f} ms per run beyond xargs -P2")
    measure("the same again: nothing to do", [WEFT, "run", "trivial", "-j", "2", "-q"], folder, bound="<= 100 ms")
    if "--long" in sys.argv:
        measure("100,000 x true, -j 2", [WEFT, "run", "trivial", "-j", "2", "-q"], project(trivial(100000)), runs=1, warm=False, bound="< 200 MB")
    shutil.rmtree(folder)
    shutil.rmtree(old)


if __name__ == "__main__":
    main()
