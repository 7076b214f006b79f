"""Optimisers of PyTorch over its own gradients."""

import numpy as np
import torch
import torch.nn.functional as F

from timing import looks


def tensors(problem, dtype):
    X, y = problem.features(np.dtype(dtype)), problem.y
    if problem.model == "softmax":
        return X, torch.from_numpy(y)
    return torch.from_numpy(X), torch.from_numpy(y.astype(dtype))


def mean_loss(problem, X, y, w):
    margins = X @ w
    if problem.model == "ridge":
        return F.mse_loss(margins, y) / 2
    return F.softplus(-y * margins).mean()


def lbfgs(problem, dtype="float32", **options):
    X, y = tensors(problem, dtype)
    shape = (problem.columns, problem.classes) if problem.classes > 1 else (problem.columns,)
    if problem.is_sparse:
        forward, backward = (
            torch.sparse_csr_tensor(M.indptr, M.indices, M.data, size=M.shape) for M in (X, X.T.tocsr())
        )

    def run(follower):
        w = torch.zeros(shape, dtype=getattr(torch, dtype), requires_grad=True)
        optimiser = torch.optim.LBFGS(
            [w], max_iter=5000, max_eval=10000, tolerance_grad=0, tolerance_change=0, **options
        )

        def sparse_closure():
            with torch.no_grad():
                logits = forward @ w
                logarithms = F.log_softmax(logits, dim=1)
                loss = F.nll_loss(logarithms, y) + problem.l2 / 2 * (w * w).sum()
                residuals = logarithms.exp_()
                residuals[torch.arange(len(y)), y] -= 1
                w.grad = backward @ residuals / problem.rows + problem.l2 * w
            return loss

        def dense_closure():
            optimiser.zero_grad()
            loss = mean_loss(problem, X, y, w) + problem.l2 / 2 * (w @ w)
            loss.backward()
            return loss

        def closure():
            loss = sparse_closure() if problem.is_sparse else dense_closure()
            follower(w.detach().numpy())
            return loss

        optimiser.step(closure)

    return run


def minibatch(problem, optimiser, batch=128, decay=0.0, seed=0, **options):
    """Rows are in random order already. The step is lr / (1 + decay * epochs)."""
    X, y = tensors(problem, "float32")

    def run(follower):
        w = torch.zeros(problem.columns, requires_grad=True)
        optimizer = getattr(torch.optim, optimiser)([w], weight_decay=problem.l2, **options)
        group = optimizer.param_groups[0]
        rate, step = group["lr"], 0
        due = looks(max(1, problem.rows // batch // 40))
        next_look = next(due)
        start = seed * batch
        while True:
            if start + batch > problem.rows:
                start = 0
            group["lr"] = rate / (1 + decay * step * batch / problem.rows)
            optimizer.zero_grad()
            mean_loss(problem, X[start : start + batch], y[start : start + batch], w).backward()
            optimizer.step()
            start += batch
            step += 1
            if step == next_look:
                follower(w.detach().numpy())
                next_look = next(due)

    return run
