"""The peers: what runs on which data, with which settings. The first setting is the peer's default."""

import importlib
from dataclasses import dataclass, field

COVTYPE, ELEVATION, WORDNET = "covtype", "elevation", "wordnet"
FULL, STOCHASTIC, DIRECT = "full batch", "stochastic", "direct"


@dataclass(frozen=True)
class Peer:
    name: str
    function: str  # module.function
    data: tuple
    kind: str
    settings: dict  # label -> arguments
    arguments: dict = field(default_factory=dict)  # of all settings
    threaded: bool = False  # gains from more than one core
    ranks: int = 1
    limit: float = 10  # seconds of one run: who has not arrived by then is far behind
    setup: float = 40  # seconds before the clock first starts, at most

    def make(self, problem, setting, **more):
        module, function = self.function.split(".")
        return getattr(importlib.import_module(module), function)(
            problem, **self.arguments, **self.settings[setting], **more
        )

    @property
    def is_seeded(self):
        return self.function in ("with_sklearn.sgd", "with_torch.minibatch")


PRECISIONS = {"float64": {"dtype": "float64"}, "float32": {"dtype": "float32"}}
MEMORY = {**PRECISIONS, "float32, memory 30": {"dtype": "float32", "memory": 30}}
STEPS = {f"batch {batch}, step {step:g}": {"batch": batch, "step": step}
         for batch, step in ((1000, 0.01), (100, 0.01), (100, 0.001), (1000, 0.001), (100, 0.1))}  # fmt: skip
DENSE = (COVTYPE, ELEVATION)


def sklearn_logistic(solver, kind, threaded=False, data=(COVTYPE,), settings=PRECISIONS):
    return Peer(f"scikit-learn {solver}", "with_sklearn.logistic", data, kind, settings, {"solver": solver}, threaded)


PEERS = [
    Peer("SciPy L-BFGS over NumPy", "with_numpy.lbfgs", DENSE, FULL, MEMORY, threaded=True),
    Peer("SciPy L-BFGS over NumPy", "with_numpy.lbfgs", (WORDNET,), FULL, PRECISIONS),
    Peer("SciPy L-BFGS over NumPy and MPI", "with_numpy.mpi_lbfgs", DENSE, FULL, MEMORY, ranks=2),
    Peer("SciPy L-BFGS over NumPy and MPI", "with_numpy.mpi_lbfgs", (WORDNET,), FULL, PRECISIONS, ranks=2),
    Peer("NumPy normal equations", "with_numpy.gram", (ELEVATION,), DIRECT, PRECISIONS, threaded=True),
    sklearn_logistic("lbfgs", FULL, True),
    sklearn_logistic("lbfgs", FULL, data=(WORDNET,)),
    sklearn_logistic("newton-cholesky", FULL, True),
    sklearn_logistic("sag", STOCHASTIC),
    sklearn_logistic("saga", STOCHASTIC),
    sklearn_logistic("saga", STOCHASTIC, data=(WORDNET,), settings={"": {}}),
    Peer("scikit-learn Ridge cholesky", "with_sklearn.ridge", (ELEVATION,), DIRECT, PRECISIONS,
         {"solver": "cholesky"}, True),  # fmt: skip
    Peer("scikit-learn Ridge lsqr", "with_sklearn.ridge", (ELEVATION,), FULL, PRECISIONS, {"solver": "lsqr"}, True),
    Peer("scikit-learn Ridge sag", "with_sklearn.ridge", (ELEVATION,), STOCHASTIC, PRECISIONS, {"solver": "sag"}),
    Peer("scikit-learn SGD", "with_sklearn.sgd", (COVTYPE,), STOCHASTIC, {
        "optimal": {},
        "optimal, averaged": {"average": True},
        "constant 0.003, averaged": {"learning_rate": "constant", "eta0": 0.003, "average": True},
        "constant 0.01, averaged": {"learning_rate": "constant", "eta0": 0.01, "average": True},
        "invscaling 0.03": {"learning_rate": "invscaling", "eta0": 0.03},
    }, limit=3),
    Peer("scikit-learn SGD", "with_sklearn.sgd", (ELEVATION,), STOCHASTIC, {
        "invscaling 0.01": {},
        "averaged": {"average": True},
        "invscaling 0.003": {"eta0": 0.003},
        "constant 0.001, averaged": {"learning_rate": "constant", "eta0": 0.001, "average": True},
        "constant 0.003, averaged": {"learning_rate": "constant", "eta0": 0.003, "average": True},
    }, limit=3),
    Peer("LIBLINEAR -s 0", "with_programs.liblinear", (COVTYPE,), FULL, {"": {}}, {"kind": 0}, setup=90),
    Peer("LIBLINEAR -s 7", "with_programs.liblinear", (COVTYPE,), STOCHASTIC, {"": {}}, {"kind": 7}, setup=90),
    Peer("Vowpal Wabbit", "with_programs.vowpal_wabbit", DENSE, STOCHASTIC, {
        "step 0.5": {},
        # Rare columns grow without bound under --l2 with its normalised steps; without a penalty it comes closer.
        "step 0.5, no penalty": {"penalty": False},
        "step 0.1, no penalty": {"options": "-l 0.1", "penalty": False},
        "--sgd, step 0.02": {"options": "--sgd -l 0.02"},
    }, limit=4, setup=150),
    Peer("Vowpal Wabbit --bfgs", "with_programs.vowpal_wabbit", DENSE, FULL, {
        "memory 15": {"options": "--bfgs"},
    }, limit=6, setup=150),
    Peer("PyTorch SGD", "with_torch.minibatch", (ELEVATION,), STOCHASTIC, {
        "batch 128, step 0.001": {"lr": 1e-3},
        "batch 128, step 0.01": {"lr": 0.01},
        "batch 1024, step 0.05": {"lr": 0.05, "batch": 1024},
        "batch 128, step 0.02/(1 + 20 epochs)": {"lr": 0.02, "decay": 20},
        "batch 1024, step 0.1/(1 + 20 epochs)": {"lr": 0.1, "decay": 20, "batch": 1024},
    }, {"optimiser": "SGD"}, limit=3),
    Peer("PyTorch SGD", "with_torch.minibatch", (COVTYPE,), STOCHASTIC, {
        "batch 128, step 0.001": {"lr": 1e-3},
        "batch 128, step 0.1": {"lr": 0.1},
        "batch 1024, step 0.5": {"lr": 0.5, "batch": 1024},
        "batch 128, step 3/(1 + 400 epochs)": {"lr": 3.0, "decay": 400},
        "batch 1024, step 3/(1 + 100 epochs)": {"lr": 3.0, "decay": 100, "batch": 1024},
        "batch 128, step 0.2/(1 + 20 epochs)": {"lr": 0.2, "decay": 20},
    }, {"optimiser": "SGD"}, limit=3),
    Peer("PyTorch Adam", "with_torch.minibatch", DENSE, STOCHASTIC, {
        "batch 128, step 0.001": {},
        "batch 128, step 0.01": {"lr": 0.01},
        "batch 1024, step 0.05": {"lr": 0.05, "batch": 1024},
        "batch 1024, step 0.1/(1 + 10 epochs)": {"lr": 0.1, "batch": 1024, "decay": 10},
    }, {"optimiser": "Adam"}, limit=3),
    Peer("PyTorch L-BFGS", "with_torch.lbfgs", (*DENSE, WORDNET), FULL, {
        "step 1": {},
        "strong Wolfe search": {"line_search_fn": "strong_wolfe"},
    }, threaded=True),
    Peer("ensmallen BigBatchSGD, BB", "with_programs.ensmallen", DENSE, STOCHASTIC, STEPS, {"method": "bbs-bb"},
         limit=3),
    Peer("ensmallen BigBatchSGD, Armijo", "with_programs.ensmallen", DENSE, STOCHASTIC, STEPS, {"method": "bbs-armijo"},
         limit=3),
    Peer("ensmallen L-BFGS", "with_programs.ensmallen", DENSE, FULL, PRECISIONS, {"method": "lbfgs"}, True),
]  # fmt: skip


def limit_of(peer, problem):
    return 30 if problem.startswith(WORDNET) else peer.limit
