"""Crescendo and its peers on the same problems: seconds from loaded data to relative gaps. See `run`."""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import crescendo
from catalogue import PEERS, limit_of
from machine import machine, now, say, versions
from problems import PROBLEMS, Problem, prepare
from tables import report

HERE = Path(__file__).parent


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="folder with the LIBSVM files")
    parser.add_argument("--binaries", required=True, help="folder with crescendo and convergence")
    parser.add_argument("--folder", required=True, help="for prepared data")
    parser.add_argument("--results", required=True, help="JSON to write; the tables go beside it")
    parser.add_argument("--problems", default="", help="regular expression")
    parser.add_argument("--peers", default="", help="regular expression")
    parser.add_argument("--share", type=float, default=1, help="of the time limits")
    parser.add_argument("--add", action="store_true", help="keep the results of other problems that are in the JSON")
    parser.add_argument("--no-prepare", action="store_true", help="use the data prepared before")
    options = parser.parse_args()

    names = [name for name in PROBLEMS if re.search(options.problems, name)]
    before, loading = [], {}
    if options.add and Path(options.results).exists():
        old = json.loads(Path(options.results).read_text())
        before, loading = [group for group in old["groups"] if group["problem"] not in names], old["loading"]
    results = {
        "date": now(), "machine": machine(), "versions": peer_versions(), "loading": loading, "groups": before
    }  # fmt: skip
    load(options, names, results)
    for name in names:
        problem = Problem(name, options.folder)
        problem.find_optimum()
        for cores in (1, 2):
            if cores > (os.cpu_count() or 1):
                say(f"{name}: no {cores} cores here")
                continue
            results["groups"].append(group(options, problem, cores))
            results["groups"].sort(key=lambda group: (list(PROBLEMS).index(group["problem"]), group["cores"]))
            store(options, results)
        del problem
    say("\n".join(report(results)))


def peer_versions():
    found = versions("numpy", "scipy", "scikit-learn", "liblinear-official", "vowpalwabbit", "torch", "mpi4py")
    if os.environ.get("ENSMALLEN_VERSION"):
        found["ensmallen"] = os.environ["ENSMALLEN_VERSION"]
    return found


def load(options, names, results):
    """Prepares the data and times loading on one core."""
    for file in dict.fromkeys(PROBLEMS[name].file for name in names):
        name = next(n for n in names if PROBLEMS[n].file == file)
        say(f"loading {file}")
        with tempfile.NamedTemporaryFile("r") as out:
            if options.no_prepare:
                continue
            code = (
                "import json, sys, os; os.sched_setaffinity(0, {max(os.sched_getaffinity(0))}); from problems import *\n"
                "json.dump(prepare(sys.argv[1], sys.argv[2] == 'True', *sys.argv[3:5]), open(sys.argv[5], 'w'))"
            )
            dense = PROBLEMS[name].model != "softmax"
            python(["-c", code, file, str(dense), options.data, options.folder, out.name], 1, check=True)
            seconds = json.load(out)
        problem = Problem(name, options.folder)
        try:
            seconds["crescendo"] = crescendo.loading(options.binaries, problem.folder / "data.svm", problem)
        except (subprocess.SubprocessError, OSError, KeyError) as error:
            say(f"  crescendo: {error}")
        results["loading"][file.split(".libsvm")[0]] = seconds


def group(options, problem, cores):
    result = {"problem": problem.name, "cores": cores, "optimum": problem.optimum, "crescendo": [], "peers": []}
    for ranks, threads in crescendo.ARRANGEMENTS[cores]:
        say(f"{problem.name}, {cores} cores: Crescendo, {ranks} ranks x {threads} threads")
        try:
            own = crescendo.measure(options.binaries, options.data, problem, ranks, threads)
        except (RuntimeError, subprocess.SubprocessError, OSError) as error:
            own = {"ranks": ranks, "threads": threads, "note": f"failed: {last_line(str(error))}"}
        result["crescendo"].append(own)
        say(f"    {json.dumps(own)}")
    for peer in PEERS:
        belongs = peer.threaded if cores > 1 and peer.ranks == 1 else peer.ranks == cores
        if belongs and problem.name.split("-")[0] in peer.data and re.search(options.peers, peer.name):
            result["peers"].append(measured(options, problem.name, peer, cores))
    if cores == 1 and problem.model != "ridge" and not options.peers:
        code = (
            "import json, sys; from problems import Problem; from with_sklearn import seconds_per_pass\n"
            "print(json.dumps(seconds_per_pass(Problem(*sys.argv[1:]))))"
        )
        done = python(["-c", code, problem.name, options.folder], 1)
        if done.returncode == 0:
            result["sklearnSecondsPerPass"] = json.loads(done.stdout)
    return result


def measured(options, problem, peer, cores):
    """Runs a peer in a process of its own; whatever happens to it becomes a note."""
    start = time.monotonic()
    say(f"{now()[11:19]} {problem}, {cores} cores: {peer.name}")
    result = {"name": peer.name, "kind": peer.kind, "ranks": peer.ranks, "settings": []}
    with tempfile.NamedTemporaryFile("r") as out:
        words = [str(HERE / "measure.py"), options.folder, problem, peer.name, str(cores), out.name, str(options.share)]
        limit = peer.setup + options.share * 5 * len(peer.settings) * limit_of(peer, problem)
        try:
            done = python(words, cores, peer.ranks, timeout=min(limit, peer.setup + 250))
            if done.returncode != 0:
                result["note"] = last_line(done.stderr)
        except subprocess.TimeoutExpired:
            result["note"] = "not all settings within the time limit"
        except OSError as error:
            result["note"] = str(error)
        result["settings"] = [json.loads(line) for line in out]
    result["wallSeconds"] = round(time.monotonic() - start, 1)
    for setting in result["settings"]:
        say(f"    {setting['setting']}: {setting['reached']}, came to {setting['bestGap']:.2e}")
    if "note" in result:
        say(f"    {result['note']}")
    return result


def python(words, cores, ranks=1, **more):
    threads = str(max(1, cores // ranks))
    environment = os.environ | {f"{name}_NUM_THREADS": threads for name in ("OMP", "OPENBLAS", "MKL")}
    launcher = [os.environ.get("MPIRUN", "mpirun"), "-n", str(ranks)] if ranks > 1 else []
    return subprocess.run(
        [*launcher, sys.executable, *words], env=environment, cwd=HERE, capture_output=True, text=True, **more
    )


def store(options, results):
    path = Path(options.results)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n")
    path.with_suffix(".md").write_text("\n".join(report(results)) + "\n")


def last_line(text):
    lines = [line for line in text.strip().splitlines() if line.strip(" -")]
    return lines[-1].strip()[:120] if lines else "failed without a message"


if __name__ == "__main__":
    main()
