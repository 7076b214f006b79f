"""Seconds to relative gaps, with the clock stopped while a gap is evaluated."""

import statistics
import time

GAPS = (1e-2, 1e-3, 1e-4, 1e-6)


def looks(first):
    """Counts of small steps after which a stochastic peer is looked at: every `first` steps, then 8 % apart."""
    due = first
    while True:
        yield due
        due += max(first, due // 12)


class Done(Exception):
    """All gaps are reached, or the time is up."""


class Follower:
    """Called with the parameters after every iteration of a peer."""

    def __init__(self, problem, limit):
        self.problem, self.limit = problem, limit
        self.reached, self.best, self.seconds = {}, float("inf"), 0.0
        self.repeats_itself = False

    def start(self):
        self.mark = time.perf_counter()

    def __call__(self, w):
        self.seconds += time.perf_counter() - self.mark
        self.point(self.seconds, w)
        self.mark = time.perf_counter()

    def point(self, seconds, w):
        gap = self.problem.gap(w)
        self.best = min(self.best, gap)
        self.seconds = max(self.seconds, seconds)
        for bound in GAPS:
            if gap <= bound:
                self.reached[bound] = min(self.reached.get(bound, float("inf")), seconds)
        if len(self.reached) == len(GAPS) or self.seconds > self.limit:
            raise Done

    def sweep(self, fit, budgets):
        """For a solver that shows no iterates: runs from scratch with growing budgets; `fit` returns the parameters."""
        self.repeats_itself = True
        total = 0.0
        for budget in budgets:
            times = []
            while not times or (times[0] < 0.3 and len(times) < 3):
                start = time.perf_counter()
                w = fit(budget)
                times.append(time.perf_counter() - start)
            total += sum(times)
            self.point(statistics.median(times), w)
            # All of them count, so that a slow solver does not hold up the others.
            if total > 2 * self.limit:
                raise Done


def follow(run, problem, limit):
    """Runs a peer once: what it reached, when, and how close it came."""
    follower = Follower(problem, limit)
    follower.start()
    try:
        run(follower)
    except Done:
        pass
    return follower


def median_of(followers):
    """Median over repeats; a gap that most repeats did not reach is left out."""
    reached = {}
    for gap in GAPS:
        seconds = sorted(follower.reached.get(gap, float("inf")) for follower in followers)
        middle = seconds[len(seconds) // 2]
        if middle < float("inf"):
            reached[str(gap)] = middle
    return {
        "reached": reached,
        "bestGap": followers[0].best,
        "seconds": followers[0].seconds,
        "repeats": len(followers),
    }
