"""Crescendo's own times, by the program `convergence`, judged with the objective of the peers."""

import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from timing import GAPS

# What a user would ask for to be sure of a gap: the default tolerance for the first two.
TOLERANCES = {1e-2: 1e-3, 1e-3: 1e-3, 1e-4: 1e-5, 1e-6: 1e-7}
ARRANGEMENTS = {1: [(1, 1)], 2: [(1, 2), (2, 1)]}  # cores -> (ranks, threads)


def measure(binaries, data, problem, ranks, threads):
    """Median over seeds of the first run in a process, and over seeds and repeats of later ones."""
    # wordnet runs for seconds, so that first and later runs do not differ.
    seeds, repeats = (1, 0) if problem.is_sparse else (3, 5)
    runs, load, warnings = [], [], []
    for seed in range(1, seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            document = run(binaries, data, problem, ranks, threads, seed, repeats, Path(folder))
            warnings += check(problem, document, Path(folder) / "parameters")
        runs += document["runs"]
        load.append(document["loadSeconds"])
    result = {"ranks": ranks, "threads": threads, "seeds": seeds, "loadSeconds": statistics.median(load)}
    for label, wanted in (("first", lambda r: r["repeat"] == 0), ("steady", lambda r: r["repeat"] > 0 or repeats == 0)):
        result[label] = {}
        for gap in GAPS:
            chosen = [r for r in runs if wanted(r) and suits(r["tolerance"], gap, repeats)]
            times = [seconds for r in chosen for key, seconds in times_of(r).items() if key == gap]
            if len(times) > len(chosen) / 2:
                result[label][str(gap)] = statistics.median(times + [float("inf")] * (len(chosen) - len(times)))
    result["stop"] = {
        str(tolerance): {
            key: statistics.median(r["stop"][key] for r in runs if r["tolerance"] == tolerance)
            for key in ("seconds", "gap", "passes", "allreduces")
        }
        for tolerance in sorted({r["tolerance"] for r in runs}, reverse=True)
    }
    return result | ({"warnings": warnings} if warnings else {})


def suits(tolerance, gap, repeats):
    """Without repeats, runs that were asked for more count as well."""
    return tolerance == TOLERANCES[gap] or (repeats == 0 and tolerance < TOLERANCES[gap])


def times_of(run):
    return {float(gap): reached["seconds"] for gap, reached in run["reached"].items()}


def run(binaries, data, problem, ranks, threads, seed, repeats, folder):
    command = [
        str(Path(binaries) / "convergence"), "--timed", "--data", str(data), "--only", problem.name,
        "--no-intercept", "--optimum", repr(problem.optimum), "--threads", str(threads), "--seed", str(seed),
        "--repeats", str(repeats), "--tolerance", "1e-3,1e-5,1e-7", "--json", str(folder / "times"),
        "--parameters", str(folder / "parameters"),
    ]  # fmt: skip
    if ranks > 1:
        command = [os.environ.get("MPIRUN", "mpirun"), "-n", str(ranks), *command]
    one_core = {max(os.sched_getaffinity(0))} if ranks * threads == 1 else os.sched_getaffinity(0)
    done = subprocess.run(
        command, env=os.environ | {"OMP_NUM_THREADS": str(threads)}, timeout=400, capture_output=True, text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, one_core),
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError((done.stderr or done.stdout).strip()[-300:])
    return json.loads((folder / "times").read_text())


def check(problem, document, parameters):
    """The last run's parameters must have the gap that was reported, in the peers' objective."""
    reported = document["runs"][-1]["stop"]["gap"]
    found = problem.gap(np.fromfile(parameters, dtype="<f4"))
    if abs(found - reported) < 1e-7 + 0.01 * abs(reported):
        return []
    return [f"seed {document['seed']}: gap {reported:.3g} reported, {found:.3g} found by NumPy"]


def loading(binaries, text, problem):
    """The program from plain text in the page cache to the first iteration, on one core; then once more, which uses a
    cache of the data if the program keeps one."""
    times = {}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "data.svm"
        copy.write_bytes(Path(text).read_bytes())
        for label in ("text", "again"):
            output = Path(folder) / label
            command = [
                str(Path(binaries) / "crescendo"), "train", str(copy), "--model", problem.model, "--no-intercept",
                "--threads", "1", "--max-iterations", "1", "--output", str(output), "--quiet",
            ]  # fmt: skip
            start = time.perf_counter()
            subprocess.run(
                command, check=True, timeout=300, capture_output=True,
                preexec_fn=lambda: os.sched_setaffinity(0, {max(os.sched_getaffinity(0))}),
            )  # fmt: skip
            result = json.loads((output / "result.json").read_text())
            times[label] = result["loadSeconds"]
            times[label + ", whole program"] = time.perf_counter() - start
    return times
