"""Loading grows as the table does: seconds by the number of categories, and by columns and rows at a fixed number of values.

    python growth.py PROGRAM FOLDER [VALUES]        # VALUES: columns times rows, 20,000,000 by default; 100,000,000 takes minutes

Writes growth.svg into FOLDER and prints a table. Needs numpy and matplotlib.
"""
import json
import pathlib
import shutil
import subprocess
import sys

import matplotlib
import numpy

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402


def load(program, path, folder):
    run = folder / "run"
    shutil.rmtree(run, ignore_errors=True)
    done = subprocess.run(
        [program, "train", path, "--label", "y", "--max-iterations", "1", "--output", run], capture_output=True, text=True)
    if done.returncode not in (0, 2):
        sys.exit(done.stderr[-500:])
    return json.loads((run / "result.json").read_text())["loadSeconds"]


def main(program, folder, values="20000000"):
    folder, values = pathlib.Path(folder), int(values)
    folder.mkdir(parents=True, exist_ok=True)
    random = numpy.random.default_rng(1)
    path = folder / "table.csv"
    seconds = {"categories": [], "columns": []}
    rows = 2_000_000
    for count in (100, 1000, 10_000, 100_000, 1_000_000):
        codes = numpy.concatenate([numpy.arange(count), random.integers(0, count, rows - count)])
        y = random.normal(size=rows)
        with open(path, "w") as file:
            file.write("code,y\n")
            file.writelines(f"id{code:07d},{label:.4f}\n" for code, label in zip(codes, y))
        seconds["categories"].append((count, load(program, path, folder)))
    for columns in (10, 100, 1000, 10_000, 100_000):
        rows = max(values // columns, 20)
        line = random.normal(size=columns)
        with open(path, "w") as file:
            file.write(",".join(f"x{j}" for j in range(columns - 1)) + ",y\n")
            texts = [",".join(f"{v:.4f}" for v in numpy.roll(line, k)) + "\n" for k in range(min(97, rows))]
            file.writelines(texts[k % len(texts)] for k in range(rows))
        seconds["columns"].append((columns, load(program, path, folder)))
    print("| what | number | seconds of loading |\n|---|---|---|")
    for what, found in seconds.items():
        for number, time in found:
            print(f"| {what} | {number:,} | {time:.2f} |")
    figure, axes = pyplot.subplots(1, 2, figsize=(8, 3), sharey=True)
    axes[0].loglog(*zip(*seconds["categories"]), "o-")
    axes[0].set(xlabel="categories in 2,000,000 rows", ylabel="seconds")
    axes[1].loglog(*zip(*seconds["columns"]), "o-")
    axes[1].set(xlabel=f"columns of {values:,} values")
    axes[0].set_ylim(0.1, 100)
    figure.tight_layout()
    figure.savefig(folder / "growth.svg")
    path.unlink()


main(*sys.argv[1:])
