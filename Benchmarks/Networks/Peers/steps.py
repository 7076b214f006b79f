"""Training steps of networks in Crescendo, PyTorch and PyTorch DDP on the same cores. See ../run."""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "Peers"))
from machine import machine, now, say, versions  # noqa: E402
from processes import launched, lines, python  # noqa: E402

MLP, CONVOLUTIONS = [64, 128, 256, 512, 1024, 2048, 4096], [256, 1024, 4096]
BATCHES = {"mlp": MLP, "lenet": CONVOLUTIONS, "paper": CONVOLUTIONS}
ARRANGEMENTS = [(1, 1), (1, 2), (2, 1)]  # ranks, threads


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", required=True, help="folder with network-benchmark")
    parser.add_argument("--results", required=True, help="folder for networks.json and networks.md")
    parser.add_argument("--networks", default="", help="regular expression")
    parser.add_argument("--only", default="", help="regular expression for 'PROGRAM RANKSxTHREADS'")
    parser.add_argument("--rounds", type=int, default=2, help="programs take turns this many times; the best counts")
    parser.add_argument("--seconds", type=float, default=1, help="of steps for each batch size and round")
    parser.add_argument("--add", action="store_true", help="keep the figures of other networks and programs in the JSON")
    options = parser.parse_args()

    path = Path(options.results) / "networks.json"
    figures = {}
    if options.add and path.exists():
        figures = {key(figure): figure for figure in json.loads(path.read_text())["figures"]}
    turns = [
        (network, program, ranks, threads)
        for network in BATCHES if re.search(options.networks, network)
        for ranks, threads in ARRANGEMENTS
        for program in ("crescendo", "torch")
        if re.search(options.only, f"{program} {ranks}x{threads}")
    ]  # fmt: skip
    for turn in turns:
        figures = {at: figure for at, figure in figures.items() if at[:4] != turn}
    results = {"date": now(), "machine": machine(), "versions": versions("torch"), "figures": []}
    for round in range(options.rounds):
        for turn in turns:
            for figure in measured(options, *turn):
                best = figures.get(key(figure))
                if best is None or better(figure, best):
                    figures[key(figure)] = figure
            results["figures"] = sorted(figures.values(), key=lambda figure: str(key(figure)))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(results, indent=1) + "\n")
            path.with_suffix(".md").write_text("\n".join(report(results)) + "\n")
    say("\n".join(report(results)))


def key(figure):
    return tuple(figure.get(name) for name in ("network", "program", "ranks", "threads", "batch"))


def better(figure, other):
    return figure.get("samplesPerSecond", 0) > other.get("samplesPerSecond", 0)


def measured(options, network, program, ranks, threads):
    """One turn: all batch sizes of a network. What fails becomes a note."""
    say(f"{now()[11:19]} {network}: {program}, {ranks} x {threads}")
    batches = ",".join(map(str, BATCHES[network]))
    base = {"network": network, "program": program, "ranks": ranks, "threads": threads}
    try:
        if program == "crescendo":
            words = [Path(options.binaries) / "network-benchmark", "--network", network, "--batches", batches]
            out = launched([*words, "--threads", threads, "--seconds", options.seconds], ranks, threads, timeout=600)
        else:
            out = python(["torch_steps.py", network, batches, threads, options.seconds], ranks, threads, timeout=600)
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        say(f"    {error}")
        return [base | {"batch": batch, "note": str(error)} for batch in BATCHES[network]]
    found = [base | line for line in lines(out)]
    say("    " + ", ".join(f"{f['batch']}: {f['samplesPerSecond']:,.0f}" for f in found))
    return found


def report(results):
    figures = {key(figure): figure for figure in results["figures"]}
    computer = results["machine"]
    yield (
        f"Measured {results['date'][:10]} on {computer['processors']} cores, {computer['processor']}, load average "
        f"{computer['loadAverage']:.1f} at the start; {', '.join(f'{k} {v}' for k, v in results['versions'].items())}."
    )
    for network, batches in BATCHES.items():
        if any(at[0] == network for at in figures):
            yield f"\n### {network}\n"
            yield "Samples a second, ranks × threads in the head; in brackets how many times PyTorch's."
            yield "`step` is Crescendo's loss, gradient, norms, reduction and momentum; PyTorch's step has no norms."
            yield ""
            yield from table(network, batches, figures)


def table(network, batches, figures):
    def rate(program, arrangement, batch, name="samplesPerSecond"):
        return figures.get((network, program, *arrangement, batch), {}).get(name)

    columns = [
        (program, arrangement) for arrangement in ARRANGEMENTS for program in ("crescendo", "torch")
        if any(rate(program, arrangement, batch) for batch in batches)
    ]  # fmt: skip
    names = {"crescendo": "Crescendo", "torch": "PyTorch"}
    heads = [f"{'DDP' if p == 'torch' and a[0] > 1 else names[p]} {a[0]}×{a[1]}" for p, a in columns]
    shares = [("shareOfGemm", "of sgemm"), ("shareOfNorms", "norms")]
    shown = [(n, t, a) for n, t in shares for a in ARRANGEMENTS if any(rate("crescendo", a, b, n) for b in batches)]
    yield "| batch | " + " | ".join(heads + [f"{text} {a[0]}×{a[1]}" for _, text, a in shown]) + " |"
    yield "|---|" + "---|" * (len(heads) + len(shown))
    for batch in batches:
        cells = []
        for program, arrangement in columns:
            own, theirs = rate(program, arrangement, batch), rate("torch", arrangement, batch)
            cell = f"{own:,.0f}" if own else "–"
            if program == "crescendo" and own and theirs:
                cell = f"**{cell}** ({own / theirs:.2f})"
            cells.append(cell)
        for name, _, arrangement in shown:
            share = rate("crescendo", arrangement, batch, name)
            cells.append("–" if share is None else f"{100 * share:.0f} %" if name == "shareOfGemm" else f"{100 * share:.1f} %")
        yield f"| {batch} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
