"""L-BFGS of SciPy over a gradient in NumPy, alone and split over ranks; the direct solve of ridge."""

import numpy as np
from scipy.optimize import fmin_l_bfgs_b

from problems import loss_gradient, solve_ridge
from timing import Done


def lbfgs(problem, dtype="float64", memory=10):
    gradient_of = loss_gradient(problem, np.dtype(dtype))

    def function(w):
        loss, gradient = gradient_of(w)
        return loss + problem.l2 / 2 * w @ w, gradient + problem.l2 * w

    def run(follower):
        minimise(function, problem, memory, follower)

    return run


def mpi_lbfgs(problem, dtype="float64", memory=10):
    """Every rank has its part of the rows and takes the same steps; one allreduce an evaluation."""
    from mpi4py import MPI

    world = MPI.COMM_WORLD
    cuts = np.linspace(0, problem.rows, world.size + 1).astype(int)
    gradient_of = loss_gradient(problem, np.dtype(dtype), slice(cuts[world.rank], cuts[world.rank + 1]))
    message = np.empty(problem.size + 1)

    def function(w):
        message[0], message[1:] = gradient_of(w)
        world.Allreduce(MPI.IN_PLACE, message)
        return message[0] + problem.l2 / 2 * w @ w, message[1:] + problem.l2 * w

    def run(follower):
        # Rank 0 keeps the time; the others wait while it evaluates.
        def callback(w):
            done = False
            if world.rank == 0:
                try:
                    follower(w)
                except Done:
                    done = True
            if world.bcast(done):
                raise Done
            follower.start()

        world.Barrier()
        follower.start()
        minimise(function, problem, memory, callback)

    return run


def minimise(function, problem, memory, callback):
    fmin_l_bfgs_b(
        function, np.zeros(problem.size), m=memory, factr=0, pgtol=0, maxiter=5000, maxfun=10000, callback=callback
    )


def gram(problem, dtype="float64"):
    problem.features(np.dtype(dtype))
    return lambda follower: follower.sweep(lambda _: solve_ridge(problem, np.dtype(dtype)), [1])
