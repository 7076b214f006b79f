"""Test accuracy against seconds, passes and bytes: Crescendo without tuning, PyTorch over a grid of settings. See ../run."""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "Peers"))
from curves import draw  # noqa: E402
from machine import machine, now, say, versions  # noqa: E402
from processes import launched, lines, python  # noqa: E402


def sgd(rate, epochs, **more):
    return {"optimiser": "sgd", "rate": rate, "schedule": "linear", "epochs": epochs, "batch": 128, "channelsLast": True} | more


def adadelta(epochs, rho=0.9):
    return {"optimiser": "adadelta", "rate": 1.0, "rho": rho, "epochs": epochs, "batch": 128, "channelsLast": True}


# Short schedules reach the first targets soonest, so each is a setting of its own.
TASKS = {
    "mnist": {
        "network": "lenet", "targets": [0.98, 0.985, 0.99],
        "settings": [sgd(0.05, 1), sgd(0.05, 4), sgd(0.1, 4), sgd(0.05, 3, schedule="inverse", decay=1), adadelta(4)],
    },
    "fashion": {
        "network": "small", "targets": [0.88, 0.9, 0.91],
        "settings": [sgd(0.05, 5), sgd(0.1, 5), sgd(0.1, 10), adadelta(5)],
    },
}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", required=True, help="folder with network-benchmark")
    parser.add_argument("--results", required=True, help="folder for accuracy-TASK.json and .md")
    parser.add_argument("--task", required=True, choices=TASKS)
    parser.add_argument("--data", required=True, help="folder with the gzipped IDX files")
    parser.add_argument("--ranks", type=int, default=2, help="one thread each")
    parser.add_argument("--only", default="", help="regular expression for 'crescendo' or 'torch SETTING'")
    parser.add_argument("--epochs", type=float, default=10, help="gradient passes of Crescendo at most")
    parser.add_argument("--add", action="store_true", help="keep the curves of other settings that are in the JSON")
    options = parser.parse_args()

    task = TASKS[options.task]
    path = Path(options.results) / f"accuracy-{options.task}.json"
    data = str(Path(options.data).resolve())
    results = {
        "date": now(), "machine": machine(), "versions": versions("torch"), "task": options.task,
        "network": task["network"], "ranks": options.ranks, "curves": [],
    }  # fmt: skip
    runs = [("Crescendo", None)] + [(name_of(setting), setting) for setting in task["settings"]]
    runs = [(name, setting) for name, setting in runs if re.search(options.only, name, re.I)]
    if options.add and path.exists():
        old = json.loads(path.read_text())["curves"]
        results["curves"] = [curve for curve in old if curve["name"] not in dict(runs)]
    for name, setting in runs:
        say(f"{now()[11:19]} {options.task}: {name}")
        curve = {"name": name, "setting": setting, "loadAverage": machine()["loadAverage"], "points": []}
        try:
            if setting is None:
                curve["points"] = crescendo(options, task, data)
            else:
                words = ["torch_accuracy.py", data, task["network"], json.dumps(setting)]
                curve["points"] = lines(python(words, options.ranks, 1, timeout=1800))
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
            curve["note"] = str(error)
        say(f"    {curve.get('note') or reached(curve, task['targets'])}")
        results["curves"].append(curve)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(results, indent=1) + "\n")
        path.with_suffix(".md").write_text("\n".join(report(results)) + "\n")
    draw(results, path)
    say("\n".join(report(results)))


def name_of(setting):
    numbers = ", ".join(
        f"{key} {value}" for key, value in setting.items() if key not in ("optimiser", "batch", "channelsLast") and value is not None
    )
    return f"PyTorch {setting['optimiser']}, {numbers}"


def crescendo(options, task, data):
    with tempfile.NamedTemporaryFile("r") as out:
        words = [
            Path(options.binaries) / "network-benchmark", "--train", data, "--network", task["network"], "--json", out.name,
            "--epochs", options.epochs,
        ]  # fmt: skip
        launched(words, options.ranks, 1, timeout=1800)
        return json.load(out)["points"]


def first_at(curve, target):
    return next((point for point in curve["points"] if point["testAccuracy"] >= target), None)


def reached(curve, targets):
    found = {str(target): round(point["seconds"], 1) for target in targets if (point := first_at(curve, target))}
    return {"seconds to": found, "best": max((p["testAccuracy"] for p in curve["points"]), default=None)}


def report(results):
    computer, targets = results["machine"], TASKS[results["task"]]["targets"]
    yield (
        f"Measured {results['date'][:10]} on {computer['processors']} cores, {computer['processor']}, load average "
        f"{computer['loadAverage']:.1f} at the start; {', '.join(f'{k} {v}' for k, v in results['versions'].items())}; "
        f"{results['ranks']} ranks of one thread."
    )
    yield f"\n### {results['task']}, network {results['network']}\n"
    yield (
        "To a test accuracy: seconds, evaluation left out (processor seconds of a rank, which other work on the machine "
        "hardly touches) / epochs / megabytes that a rank puts into reductions.\n"
    )
    yield "| | " + " | ".join(f"{100 * target:g} %" for target in targets) + " | last | best |"
    yield "|---|" + "---|" * (len(targets) + 2)
    for curve in results["curves"]:
        cells = [cell(first_at(curve, target)) for target in targets]
        if curve["points"]:
            cells += [f"{100 * curve['points'][-1]['testAccuracy']:.2f} %"]
            cells += [f"{100 * max(point['testAccuracy'] for point in curve['points']):.2f} %"]
        yield f"| {curve['name']} | " + " | ".join(cells or [curve.get("note", "")]) + " |"
    yield ""
    yield from ratios(results["curves"], targets)


def ratios(curves, targets):
    """The best setting of PyTorch for each target alone, beside Crescendo."""
    own = next((curve for curve in curves if curve["setting"] is None and curve["points"]), None)
    for target in targets:
        peers = [point for curve in curves if curve["setting"] if (point := first_at(curve, target))]
        point = own and first_at(own, target)
        if peers and point:
            seconds, processor, volume = (
                min(peer[what] for peer in peers) / point[what] for what in ("seconds", "processorSeconds", "bytes")
            )
            yield (
                f"To {100 * target:g} % the best setting of PyTorch takes {seconds:.2f} times the seconds, {processor:.2f} "
                f"times the processor seconds, {volume:.2f} times the bytes."
            )


def cell(point):
    if not point:
        return "–"
    return (
        f"{point['seconds']:.1f} ({point['processorSeconds']:.1f}) / {point['epochs']:.2f} / {point['bytes'] / 1e6:,.0f}"
    )


if __name__ == "__main__":
    main()
