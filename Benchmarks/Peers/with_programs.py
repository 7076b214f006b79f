"""LIBLINEAR, Vowpal Wabbit and ensmallen."""

import os
import subprocess
import tempfile

import numpy as np
import scipy.sparse

TOLERANCES = [1, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8]
PASSES = [0.1, 0.3, 1, 2, 3, 5, 8, 12, 18, 27, 40, 60, 90]


def liblinear(problem, kind):
    """-s 0: trust region Newton on the primal; -s 7: coordinate descent on the dual."""
    from liblinear import liblinearutil

    data = liblinearutil.problem(problem.y, scipy.sparse.csr_matrix(problem.X))
    cost = 1 / (problem.l2 * problem.rows)

    def fit(tolerance):
        parameter = liblinearutil.parameter(f"-s {kind} -c {cost!r} -e {tolerance!r} -q")
        model = liblinearutil.train(data, parameter)
        # The weights are of the label met first.
        return np.array(model.get_decfun()[0]) * model.get_labels()[0]

    return lambda follower: follower.sweep(fit, TOLERANCES)


def vowpal_wabbit(problem, options="", penalty=True):
    """Reads its own binary cache, which was made before: that is its form of loaded data. Every row counts (no hold-out)."""
    from vowpalwabbit import Workspace

    is_ridge = problem.model == "ridge"
    # Its squared loss has no 1/2; L-BFGS adds the penalty once to a sum of losses, the online updates once a row.
    l2 = problem.l2 * (2 if is_ridge else 1) * (problem.rows if "--bfgs" in options else 1)
    options += f" --l2 {l2!r}" if penalty else ""
    common = f"--loss_function {'squared' if is_ridge else 'logistic'} --noconstant --holdout_off -b 10 --quiet"
    text, cache = problem.folder / "data.vw", problem.folder / "data.vw.cache"
    if not cache.exists() or cache.stat().st_mtime < (problem.folder / "X.npy").stat().st_mtime:
        cache.unlink(missing_ok=True)
        write_text(problem, text)
        Workspace(f"{common} -d {text} --cache_file {cache}").finish()

    def fit(passes):
        if passes < 1:
            length = f"--passes 1 --examples {int(passes * problem.rows)}"
        else:
            length = f"--passes {passes}"
        model = Workspace(f"{common} -d {text} --cache_file {cache} {length} {options}")
        w = np.array([model.get_weight(column + 1) for column in range(problem.columns)])
        model.finish()
        return w

    budgets = [p for p in PASSES if p > 1] if "--bfgs" in options else PASSES
    return lambda follower: follower.sweep(fit, budgets)


def write_text(problem, path):
    form = "%g | " + " ".join(f"{column + 1}:%.7g" for column in range(problem.columns)) + "\n"
    with open(path, "w") as file:
        for start in range(0, problem.rows, 10000):
            rows = np.column_stack([problem.y[start : start + 10000], problem.X[start : start + 10000]]).tolist()
            file.write("".join(form % tuple(row) for row in rows))


def ensmallen(problem, method, dtype="float64", batch=1000, step=0.01):
    """Runs ensmallen.cpp, which writes (seconds, parameters) after every step; the gaps are found afterwards."""
    program = os.environ.get("ENSMALLEN_PROGRAM")
    if not program:
        raise RuntimeError("not built: give ENSMALLEN_INCLUDE, and install libarmadillo-dev")
    features, labels = problem.folder / "X.f64", problem.folder / "y.f64"
    if not features.exists() or features.stat().st_mtime < (problem.folder / "X.npy").stat().st_mtime:
        problem.X.tofile(features)
        problem.y.tofile(labels)

    def run(follower):
        with tempfile.NamedTemporaryFile() as trace:
            subprocess.run(
                [program, method, dtype, problem.model, str(features), str(labels), str(problem.rows),
                 str(problem.columns), repr(problem.l2), str(batch), repr(step), str(follower.limit), trace.name],
                check=True, timeout=follower.limit + 60, stderr=subprocess.PIPE,
            )  # fmt: skip
            steps = np.fromfile(trace.name).reshape(-1, problem.columns + 1)
        # Of thousands of small steps, a hundred or so at growing distances.
        wanted = np.unique(np.geomspace(1, len(steps), 120).astype(int)) - 1
        for row in steps[wanted]:
            follower.point(row[0], row[1:])

    return run
