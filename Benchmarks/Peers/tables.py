"""Markdown from the measured results. `tables.py RESULTS.json` prints it once more."""

import json
import sys

from timing import GAPS


def brief(seconds):
    if seconds is None:
        return "–"
    if seconds < 0.01:
        return f"{seconds:.4f}"
    return f"{seconds:.3f}" if seconds < 0.1 else f"{seconds:.2f}" if seconds < 10 else f"{seconds:.0f}"


def cell(first, second):
    return brief(first) if brief(first) == brief(second) else f"{brief(first)} / {brief(second)}"


def best_of(peer):
    """Per gap, the fastest of the settings and its name: the most that tuning could have brought."""
    best = {}
    for gap in map(str, GAPS):
        times = [(s["reached"][gap], s["setting"]) for s in peer["settings"] if gap in s["reached"]]
        if times:
            best[gap] = min(times)
    return best


def default_of(peer):
    return peer["settings"][0]["reached"] if peer["settings"] else {}


def report(results):
    machine = results["machine"]
    yield (
        f"Measured {results['date'][:10]} on {machine['processors']} cores, {machine['processor']}, load average "
        f"{machine['loadAverage']:.1f} at the start; {', '.join(f'{k} {v}' for k, v in results['versions'].items())}."
    )
    for group in results["groups"]:
        yield from table(group)
    yield from loading(results)


def table(group):
    cores = "one core" if group["cores"] == 1 else f"{group['cores']} cores"
    yield f"\n### {group['problem']}, {cores}\n"
    yield f"f* = {group['optimum']:.12g}. Seconds from loaded data to a relative gap.\n"
    yield "| | " + " | ".join(f"{gap:.0e}".replace("e-0", "e-") for gap in GAPS) + " | best setting to 1e-3 |"
    yield "|---|" + "---|" * (len(GAPS) + 1)
    for own in group["crescendo"]:
        name = "Crescendo"
        if group["cores"] > 1:
            name += f", {own['ranks']} × {own['threads']}"
        if "note" in own:
            yield f"| **{name}** |" + " |" * (len(GAPS) + 1) + f" {own['note']} |"
            continue
        cells = [cell(own["first"].get(str(gap)), own["steady"].get(str(gap))) for gap in GAPS]
        yield f"| **{name}**, first run / later | " + " | ".join(cells) + " | none needed |"
    for peer in sorted(group["peers"], key=order):
        best, default = best_of(peer), default_of(peer)
        cells = [cell(default.get(str(gap)), best.get(str(gap), (None,))[0]) for gap in GAPS]
        nearest = min((s["bestGap"] for s in peer["settings"]), default=None)
        remark = best["0.001"][1] if "0.001" in best else f"came to {nearest:.1e}" if nearest is not None else ""
        if peer.get("note"):
            remark = f"{remark}; {peer['note']}".strip("; ")
        yield f"| {peer['name']}{' (2 ranks)' if peer['ranks'] > 1 else ''} | " + " | ".join(cells) + f" | {remark} |"
    yield ""
    yield from ratios(group)
    if "sklearnSecondsPerPass" in group:
        passes = ", ".join(f"{seconds:.3f} ({dtype})" for dtype, seconds in group["sklearnSecondsPerPass"].items())
        yield f"scikit-learn's loss and gradient, seconds a pass: {passes}."


def times_as(ratio):
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.2g}"


def order(peer):
    best = best_of(peer)
    return [best.get(str(gap), (float("inf"),))[0] for gap in (1e-3, 1e-2)]


def ratios(group):
    """How many times slower the best peers are."""
    own = [o["steady"] for o in group["crescendo"] if "steady" in o]
    first = [o["first"] for o in group["crescendo"] if "first" in o]
    full = [default_of(p) for p in group["peers"] if p["kind"] == "full batch"]
    defaults = [default_of(p) for p in group["peers"]]
    tuned = [{gap: t for gap, (t, _) in best_of(p).items()} for p in group["peers"]]
    ensmallen = [t for p, t in zip(group["peers"], tuned) if p["name"].startswith("ensmallen BigBatch")]
    for name, peers in (
        ("The best full-batch peer with default settings", full), ("The best peer with default settings", defaults),
        ("The best tuned peer", tuned), ("ensmallen's BigBatchSGD, tuned,", ensmallen),
    ):  # fmt: skip
        times = []
        for gap in map(str, GAPS):
            theirs = min((p[gap] for p in peers if gap in p), default=None)
            ours, ours_first = (min((o[gap] for o in runs if gap in o), default=None) for runs in (own, first))
            if theirs and ours and ours_first:
                bound = f"{float(gap):.0e}".replace("e-0", "e-")
                times.append(f"{times_as(theirs / ours)} ({times_as(theirs / ours_first)}) to {bound}")
        if times:
            yield f"{name} takes {', '.join(times)} times as long as a later run in a process (as the first one)."


def loading(results):
    yield "\n### Loading\n"
    yield "Plain text in the page cache, one core. Seconds.\n"
    yield "| | MB | load_svmlight_file | standardise | shuffle | Crescendo, all of it | Crescendo again |"
    yield "|---|---|---|---|---|---|---|"
    for name, load in results["loading"].items():
        peers = " | ".join(f"{load[key]:.2f}" for key in ("load_svmlight_file", "standardise", "shuffle"))
        own = load.get("crescendo", {})
        yield f"| {name} | {load['bytes'] / 1e6:.0f} | {peers} | {brief(own.get('text'))} | {brief(own.get('again'))} |"
    ratios = (
        f"{load['load_svmlight_file'] / load['crescendo']['text']:.1f} ({name})"
        for name, load in results["loading"].items()
        if load.get("crescendo")
    )
    yield f"\nload_svmlight_file alone takes {', '.join(ratios)} times as long as all of Crescendo's loading."


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        print("\n".join(report(json.load(file))))
