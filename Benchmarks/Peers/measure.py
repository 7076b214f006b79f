"""Measures one peer on one problem in a process of its own; one JSON line a setting.

measure.py FOLDER PROBLEM PEER CORES OUT [SHARE-OF-THE-TIME-LIMIT]
"""

import json
import os
import sys


def main():
    folder, problem_name, peer_name, cores, out = sys.argv[1:6]
    share = float(sys.argv[6]) if len(sys.argv) > 6 else 1
    if cores == "1":
        # One core for all threads that a peer may start.
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

    from catalogue import PEERS, limit_of
    from problems import Problem
    from timing import follow, median_of

    peer = next(p for p in PEERS if p.name == peer_name and problem_name.split("-")[0] in p.data)
    if peer.function.startswith("with_torch"):
        import torch

        torch.set_num_threads(int(cores) // peer.ranks)
    problem = Problem(problem_name, folder)
    problem.find_optimum()
    limit = share * limit_of(peer, problem_name)
    is_first = int(os.environ.get("OMPI_COMM_WORLD_RANK", os.environ.get("PMI_RANK", 0))) == 0
    for setting in peer.settings:
        def one(limit, seed):
            return follow(peer.make(problem, setting, **({"seed": seed} if peer.is_seeded else {})), problem, limit)

        followers = [one(limit, 0)]
        # What takes little time is repeated, with other seeds where there are seeds, and the median taken.
        last = max(followers[0].reached.values(), default=0)
        if peer.ranks == 1 and not followers[0].repeats_itself and 0 < last < 2:
            followers += [one(1.5 * last + 0.05, seed) for seed in (1, 2)]
        if is_first:
            with open(out, "a") as file:
                file.write(json.dumps({"setting": setting, **median_of(followers)}) + "\n")


if __name__ == "__main__":
    main()
