"""Estimators of scikit-learn. lbfgs shows its iterates to a callback; the other solvers run to growing budgets."""

import itertools
import time
import warnings

import numpy as np
import scipy.optimize
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier, SGDRegressor

from timing import looks

warnings.simplefilter("ignore")

NEWTON_STEPS = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15]
EPOCHS = [1, 2, 3, 5, 8, 12, 17, 24, 34, 48, 70, 100, 140, 200]
TOLERANCES = [1, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-6, 1e-7]


def logistic(problem, solver, dtype="float64"):
    X, y = problem.features(np.dtype(dtype)), problem.y

    def fit(**budget):
        return LogisticRegression(
            C=1 / (problem.l2 * problem.rows), solver=solver, fit_intercept=False, random_state=0, **budget
        ).fit(X, y)

    def run(follower):
        if solver == "lbfgs":
            with iterates_shown_to(follower):
                fit(tol=0, max_iter=5000)
        else:
            budgets = EPOCHS if solver in ("sag", "saga") else NEWTON_STEPS
            follower.sweep(lambda count: weights(fit(tol=0, max_iter=count)), budgets)

    return run


def weights(model):
    return model.coef_.T.ravel()


class iterates_shown_to:
    """Adds a callback to the call of scipy.optimize.minimize that scikit-learn makes. Its multi-class parameters are
    (classes, features) in column order, that is, feature-major."""

    def __init__(self, follower):
        self.follower = follower

    def __enter__(self):
        self.original = scipy.optimize.minimize

        def minimize(*arguments, **options):
            options["callback"] = self.follower
            return self.original(*arguments, **options)

        scipy.optimize.minimize = minimize

    def __exit__(self, *_):
        scipy.optimize.minimize = self.original


def ridge(problem, solver, dtype="float64"):
    X, y = problem.features(np.dtype(dtype)), problem.y.astype(dtype)

    def fit(**budget):
        return Ridge(
            alpha=problem.l2 * problem.rows, solver=solver, fit_intercept=False, random_state=0, **budget
        ).fit(X, y).coef_.ravel()

    def run(follower):
        if solver == "cholesky":
            follower.sweep(lambda _: fit(), [1])
        elif solver == "lsqr":
            follower.sweep(lambda tol: fit(tol=tol), TOLERANCES)
        else:
            follower.sweep(lambda count: fit(tol=0, max_iter=count), EPOCHS)

    return run


def sgd(problem, seed=0, **options):
    X, y = problem.X, problem.y
    estimator = SGDRegressor if problem.model == "ridge" else SGDClassifier
    loss = "squared_error" if problem.model == "ridge" else "log_loss"
    known = {} if problem.model == "ridge" else {"classes": np.unique(y)}
    piece = problem.rows // 40

    def run(follower):
        model = estimator(loss=loss, alpha=problem.l2, fit_intercept=False, random_state=seed, **options)
        due = looks(1)
        next_look = next(due)
        for step in itertools.count(1):
            start = (step - 1) % 40 * piece
            model.partial_fit(X[start : start + piece], y[start : start + piece], **known)
            if step == next_look:
                follower(model.coef_.ravel())
                next_look = next(due)

    return run


def seconds_per_pass(problem):
    """One evaluation of loss and gradient inside LogisticRegression(solver='lbfgs'), by its data type."""
    from sklearn._loss.loss import HalfBinomialLoss, HalfMultinomialLoss
    from sklearn.linear_model._linear_loss import LinearModelLoss

    result = {}
    for dtype in ("float64", "float32"):
        X, y = problem.features(np.dtype(dtype)), problem.y.astype(dtype)
        if problem.model == "softmax":
            loss = LinearModelLoss(HalfMultinomialLoss(n_classes=problem.classes), fit_intercept=False)
            w = np.zeros((problem.classes, problem.columns), dtype=dtype, order="F")
        else:
            loss = LinearModelLoss(HalfBinomialLoss(), fit_intercept=False)
            y, w = (y > 0).astype(dtype), np.zeros(problem.columns, dtype=dtype)
        times = []
        for _ in range(6):
            start = time.perf_counter()
            loss.loss_gradient(w, X, y, l2_reg_strength=problem.l2)
            times.append(time.perf_counter() - start)
        result[dtype] = min(times[1:])
    return result
