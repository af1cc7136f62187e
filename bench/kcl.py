#!/usr/bin/env python3
"""Measures KCL inside the worker, side by side with the reference implementation.

    python3 bench/kcl.py [--runs 20] [--programs ../shared/bench/kcl] [--reference PYTHON]

PYTHON is an interpreter that has kcl-lib (`pip install kcl-lib==0.13.2`); without it akua alone is
measured. The programs are not part of the project. Prints tables in Markdown: evaluation in a fresh Store
each time (Store and instance apart), whole processes, peak memory, and how cost grows.
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "bench-kcl"
ROUNDS = 4

REFERENCE = """
import sys, time, resource
import kcl_lib.api as api
service = api.API()
def run():
    start = time.perf_counter()
    result = service.exec_program(api.ExecProgramArgs(k_filename_list=[sys.argv[1]]))
    assert not result.err_message, result.err_message
    return (time.perf_counter() - start) * 1e3
run()
for _ in range(int(sys.argv[2])):
    print(f"run {run():.3f}")
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""

GROWTH = {
    "schema instances": "schema A:\n    n: int\n    m: int = n + 1\na = [A {{n = i}} for i in range({n})]\n",
    "list elements": "_l = [i * 2 for i in range({n})]\na = sum([x + 1 for x in _l if x > 3])\n",
    "merged keys": "_a = {{\"k${{i}}\": i for i in range({n})}}\n_b = {{\"k${{i}}\": {{x = i}} for i in range({n})}}\n"
    "a = {{**_a}} | {{z = 1}}\nb = _b | {{\"k1\": {{y = 2}}}}\n",
}


def lines(command, label):
    """The numbers of the lines with a label that a command prints."""
    run = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
    return [float(line.split()[1]) for line in run.stdout.splitlines() if line.startswith(label)]


def interleaved(worker, reference, program, runs):
    """Measures both in turn; returns akua's times, its starts, the reference's times and its peak."""
    akua, starts, native, peak = [], [], [], 0
    each = max(1, runs // ROUNDS)
    for _ in range(ROUNDS):
        akua += lines([worker, program, each], "run")
        starts += lines([worker, program, each], "start")
        if reference:
            native += lines([reference, "-c", REFERENCE, program, each], "run")
            peak = max(peak, *lines([reference, "-c", REFERENCE, program, 1], "peak"))
    return akua, starts, native, peak


def process(akua, program, runs):
    """Median of whole processes in ms, and the peak of resident memory in MB."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run([akua, "eval", program], check=True, stdout=subprocess.DEVNULL)
        times.append((time.perf_counter() - start) * 1e3)
    program_text = "import resource,subprocess,sys;subprocess.run(sys.argv[1:],check=True,"\
        "stdout=subprocess.DEVNULL);print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    measured = subprocess.run([sys.executable, "-S", "-c", program_text, akua, "eval", program],
                              check=True, capture_output=True, text=True)
    return statistics.median(times), int(measured.stdout) / 1024


def growth(worker, runs):
    yield "| cost of | 1,000 ms | 10,000 ms | 100,000 ms | ratios |"
    yield "|---|---|---|---|---|"
    for name, text in GROWTH.items():
        times = []
        for n in (1_000, 10_000, 100_000):
            program = WORK / "growth.k"
            program.write_text(text.format(n=n))
            run = statistics.median(lines([worker, program, runs], "run"))
            times.append(run - statistics.median(lines([worker, program, runs], "start")))
        ratios = " ".join(f"{b / a:.1f}" for a, b in zip(times, times[1:]))
        yield f"| {name} | {times[0]:.2f} | {times[1]:.1f} | {times[2]:.0f} | {ratios} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--programs", type=Path, default=ROOT / "../shared/bench/kcl")
    parser.add_argument("--reference", type=Path)
    parser.add_argument("--akua", type=Path, default=ROOT / "target/release/akua")
    arguments = parser.parse_args()
    worker = ROOT / "target/release/examples/worker"
    build = ["cargo", "build", "--release", "-q", "-p", "akua-sandbox", "--example", "worker"]
    subprocess.run(build, cwd=ROOT, check=True)
    WORK.mkdir(parents=True, exist_ok=True)
    print("| program | akua ms: median (min) | start ms | reference ms | ratio | `akua eval` ms |"
          " akua MB | reference MB |\n|---|---|---|---|---|---|---|---|")
    for program in sorted(arguments.programs.resolve().glob("*.k")):
        akua, starts, native, peak = interleaved(worker, arguments.reference, program, arguments.runs)
        start = statistics.median(starts)
        own = statistics.median(akua) - start
        other = statistics.median(native) if native else None
        whole, memory = process(arguments.akua, program, arguments.runs)
        cells = [program.stem, f"{own:.2f} ({min(akua) - start:.2f})", f"{start:.2f}"]
        cells += [f"{other:.2f}", f"{other / own:.1f}"] if other else ["–", "–"]
        cells += [f"{whole:.1f}", f"{memory:.0f}", f"{peak:.0f}" if peak else "–"]
        print("| " + " | ".join(cells) + " |", flush=True)
    print()
    for line in growth(worker, max(3, arguments.runs // 4)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
