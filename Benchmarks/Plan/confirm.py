"""What `crescendo pilot` recommends beside what is measured afterwards.

    python confirm.py PROGRAM [--ranks 2] [--seeds 1,2,3,4,5] [--budget 45] [--keep FOLDER] DATA[=BUDGET]…

For each file and seed a pilot, and at once a second one with another seed: other rows held back, another order of
the rows, step sizes tuned anew. Its medians are the confirmed times: of whole trainings, of every way that the first has compared.
A recommendation is right when its confirmed time is within 10 % of the fastest confirmed one, or when the pilot said that it cannot
tell. A range is right when the confirmed time of the recommended way lies in it; those of all ways are counted too. The two pilots
share the machine's moods as far as a minute apart does: ratios count, seconds do not.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile


def pilot(options, data, budget, seed, folder):
    command = [options.mpirun, "-n", str(options.ranks)] if options.ranks > 1 else []
    command += [options.program, "pilot", data, "--budget", str(budget), "--seed", str(seed), "--output", str(folder), "--quiet"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=4 * budget + 120)
    return json.loads((folder / "pilot.json").read_text())


def ways(file):
    return {(way["method"], way["ranks"]): way for way in file["configurations"]}


def judge(first, second):
    """One row of the table, and how many ranges of all ways hold, of how many."""
    advice = first["recommendation"]
    key = (advice["method"], advice["ranks"])
    said, confirmed = ways(first), ways(second)
    times = {name: way["seconds"] for name, way in confirmed.items() if way.get("seconds")}
    open_ways = [name for name, way in said.items() if way.get("standing") in ("unknown", "tooFewRuns", "cutShort")]
    held = {
        name: said[name]["runLow"] <= times[name] <= said[name]["runHigh"]
        for name in said if said[name].get("runLow") and name in times
    }
    fastest = min(times, key=times.get)
    ratio = times[key] / times[fastest] if key in times else float("inf")
    return {
        "way": key, "said": said[key].get("seconds"), "low": said[key].get("runLow"), "high": said[key].get("runHigh"),
        "confirmed": times.get(key), "holds": held.get(key), "fastest": fastest, "ratio": ratio, "open": len(open_ways),
        "right": ratio <= 1.1 or bool(open_ways), "all": (sum(held.values()), len(held)),
    }


def short(seconds):  # milliseconds
    if seconds is None:
        return "–"
    return f"{1000 * seconds:.3g}" if seconds < 1 else f"{1000 * seconds:.0f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("data", nargs="+")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--seeds", default="1,2,3,4,5")
    parser.add_argument("--budget", type=float, default=45)
    parser.add_argument("--share", type=float, default=0.7, help="of the budget for the second pilot")
    parser.add_argument("--mpirun", default="mpirun")
    parser.add_argument("--keep", help="folder for the pilots; those that are there are not made again")
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    found = []
    print("| data | seed | recommended | said, ms | nine of ten runs, ms | confirmed, ms | in range | fastest confirmed | times it | may be faster | right |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(options.keep or temporary)
        for entry in options.data:
            data, _, budget = entry.partition("=")
            name = pathlib.Path(data).name.split(".")[0]
            for seed in map(int, options.seeds.split(",")):
                files = []
                for part, number, share in (("said", seed, 1), ("confirmed", seed + 1000, options.share)):
                    place = folder / f"{name}-{seed}-{part}"
                    kept = place / "pilot.json"
                    files.append(json.loads(kept.read_text()) if kept.exists()
                                 else pilot(options, data, share * float(budget or options.budget), number, place))
                row = judge(*files)
                found.append(row)
                (method, ranks), (best, most) = row["way"], row["fastest"]
                print(
                    f"| {name} | {seed} | {method} on {ranks} | {short(row['said'])} | {short(row['low'])} – {short(row['high'])} | "
                    f"{short(row['confirmed'])} | { {True: 'yes', False: 'no', None: '–'}[row['holds']]} | {best} on {most} | {row['ratio']:.2f} | "
                    f"{row['open']} | {'yes' if row['right'] else 'no'} |", flush=True)
    held, of = (sum(row["all"][place] for row in found) for place in (0, 1))
    print()
    print(f"Recommendations right: {sum(row['right'] for row in found)} of {len(found)}, "
          f"{sum(row['open'] > 0 for row in found)} with a `cannot tell`; ranges of the recommended way that hold: "
          f"{sum(row['holds'] is True for row in found)} of {sum(row['holds'] is not None for row in found)} given; of all ways: {held} of {of}. "
          f"Median of the recommended way's time over the fastest: {statistics.median(row['ratio'] for row in found):.2f}.")


if __name__ == "__main__":
    main()
