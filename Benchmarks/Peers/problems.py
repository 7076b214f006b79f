"""The problems that everybody solves: data, objective and optimum.

f(w) = mean loss + (l2/2) |w|^2, no intercept; dense columns minus their mean over the population standard deviation.
"""

import gzip
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.optimize
import scipy.sparse
from scipy.special import expit

OPTIMA = Path(__file__).parent / "optima.json"


@dataclass(frozen=True)
class Source:
    file: str
    model: str
    l2: float | None  # None: 1/N


PROBLEMS = {
    "covtype-1e-4": Source("covtype.binary.scale.libsvm.gz", "logistic", 1e-4),
    "covtype-1/N": Source("covtype.binary.scale.libsvm.gz", "logistic", None),
    "elevation-1e-4": Source("covtype.elevation.libsvm.gz", "ridge", 1e-4),
    "wordnet-1e-4": Source("wordnet.lex45.libsvm.gz", "softmax", 1e-4),
}


def prepare(file, dense, data, folder):
    """Reads a file with scikit-learn, standardises, shuffles and stores it; returns the seconds of each."""
    from sklearn.datasets import load_svmlight_file

    folder = Path(folder) / Path(file).name.split(".gz")[0]
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "data.svm"
    with gzip.open(Path(data) / file) as packed, open(text, "wb") as plain:
        shutil.copyfileobj(packed, plain, 1 << 20)

    seconds = {"bytes": text.stat().st_size}
    start = time.perf_counter()
    X, y = load_svmlight_file(str(text))
    seconds["load_svmlight_file"] = time.perf_counter() - start
    start = time.perf_counter()
    if dense:
        X = X.toarray()
        X -= X.mean(axis=0)
        X /= X.std(axis=0)
    seconds["standardise"] = time.perf_counter() - start
    start = time.perf_counter()
    order = np.random.default_rng(0).permutation(len(y))
    X, y = X[order], y[order]
    seconds["shuffle"] = time.perf_counter() - start
    if dense:
        np.save(folder / "X.npy", X)
    else:
        scipy.sparse.save_npz(folder / "X.npz", X, compressed=False)
    np.save(folder / "y.npy", y)
    return seconds


class Problem:
    def __init__(self, name, folder):
        self.name = name
        self.source = PROBLEMS[name]
        self.model = self.source.model
        self.folder = Path(folder) / self.source.file.split(".gz")[0]
        self.is_sparse = self.model == "softmax"
        if self.is_sparse:
            self.X = scipy.sparse.csr_matrix(scipy.sparse.load_npz(self.folder / "X.npz"))
        else:
            self.X = np.load(self.folder / "X.npy")
        self.y = np.load(self.folder / "y.npy")
        self.rows, self.columns = self.X.shape
        self.classes = 1
        if self.model == "softmax":
            labels, self.y = np.unique(self.y, return_inverse=True)
            self.classes = len(labels)
        self.size = self.columns * self.classes
        self.l2 = self.source.l2 or 1 / self.rows
        self.optimum = None

    def features(self, dtype):
        return self.X.astype(dtype, copy=False)

    def objective(self, w):
        w = np.asarray(w, dtype=np.float64).ravel()
        return mean_loss(self.model, self.X, self.y, w, self.rows) + self.l2 / 2 * w @ w

    def gap(self, w):
        """(f - f*)/f* in float64. Multi-class weights are feature-major: (columns, classes)."""
        if not np.all(np.isfinite(w)):
            return np.inf
        return float((self.objective(w) - self.optimum) / self.optimum)

    def find_optimum(self):
        """f* as stored for this data, else by a direct solve, Newton's method or a long run of L-BFGS."""
        key = f"{self.name}: {self.rows} x {self.columns}, {np.count_nonzero(self.y)}, {np.abs(self.X).sum():.8g}"
        known = json.loads(OPTIMA.read_text()) if OPTIMA.exists() else {}
        if key not in known:
            w = {"ridge": solve_ridge, "logistic": newton, "softmax": long_lbfgs}[self.model](self)
            gradient = loss_gradient(self, np.float64)(w)[1] + self.l2 * w
            # f is strongly convex: f(w) - f* <= |g|^2 / (2 l2).
            bound = float(gradient @ gradient / (2 * self.l2))
            known[key] = {"optimum": self.objective(w), "error_bound": bound}
            OPTIMA.write_text(json.dumps(known, indent=2) + "\n")
        self.optimum = known[key]["optimum"]
        return self.optimum


def mean_loss(model, X, y, w, rows):
    """Sum of the losses of these rows over `rows`, in the precision of `w` with sums in float64."""
    if model == "ridge":
        residual = X @ w - y
        return float(residual @ residual) / 2 / rows
    if model == "logistic":
        return float(np.logaddexp(0, -y * (X @ w)).sum(dtype=np.float64)) / rows
    margins = X @ w.reshape(X.shape[1], -1)
    margins -= margins.max(axis=1, keepdims=True)
    chosen = margins[np.arange(len(y)), y]
    return float((np.log(np.exp(margins, out=margins).sum(axis=1)) - chosen).sum(dtype=np.float64)) / rows


def loss_gradient(problem, dtype, part=slice(None)):
    """w -> (loss, gradient) of the mean loss, as one writes it with NumPy; `part` of the rows, divided by all of them."""
    X, y = problem.features(dtype)[part], problem.y[part]
    rows = problem.rows
    if problem.model == "softmax":
        transposed = X.T.tocsr()
        index = np.arange(len(y))

        def softmax(w):
            margins = X @ w.astype(dtype, copy=False).reshape(problem.columns, -1)
            margins -= margins.max(axis=1, keepdims=True)
            chosen = margins[index, y]
            np.exp(margins, out=margins)
            total = margins.sum(axis=1, keepdims=True)
            loss = float((np.log(total[:, 0]) - chosen).sum(dtype=np.float64)) / rows
            margins /= total
            margins[index, y] -= 1
            return loss, (transposed @ margins).ravel().astype(np.float64) / rows

        return softmax
    y = y.astype(dtype)

    def logistic(w):
        margins = y * (X @ w.astype(dtype, copy=False))
        loss = float(np.logaddexp(0, -margins).sum(dtype=np.float64)) / rows
        return loss, (X.T @ (-y * expit(-margins))).astype(np.float64) / rows

    def ridge(w):
        residual = X @ w.astype(dtype, copy=False) - y
        return float(residual @ residual) / 2 / rows, (X.T @ residual).astype(np.float64) / rows

    return logistic if problem.model == "logistic" else ridge


def solve_ridge(problem, dtype=np.float64):
    X = problem.features(dtype)
    gram = X.T @ X
    gram.flat[:: problem.columns + 1] += problem.l2 * problem.rows
    return scipy.linalg.solve(gram, X.T @ problem.y.astype(dtype), assume_a="pos")


def newton(problem):
    w = np.zeros(problem.size)
    gradient_of = loss_gradient(problem, np.float64)
    for _ in range(30):
        gradient = gradient_of(w)[1] + problem.l2 * w
        share = expit(problem.X @ w)
        hessian = (problem.X.T * (share * (1 - share) / problem.rows)) @ problem.X
        hessian.flat[:: problem.columns + 1] += problem.l2
        step = np.linalg.solve(hessian, gradient)
        w -= step
        if gradient @ step < 1e-18:
            break
    return w


def long_lbfgs(problem):
    gradient_of = loss_gradient(problem, np.float64)

    def function(w):
        loss, gradient = gradient_of(w)
        return loss + problem.l2 / 2 * w @ w, gradient + problem.l2 * w

    w = np.zeros(problem.size)
    for _ in range(3):
        w = scipy.optimize.fmin_l_bfgs_b(function, w, m=30, factr=0, pgtol=1e-12, maxiter=400, maxfun=1000)[0]
    return w
