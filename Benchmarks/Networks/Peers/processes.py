"""Running measurements: Crescendo's under mpirun, PyTorch's as one process a rank."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


# PyTorch's large tensors come from the heap and stay there: a fifth faster for convolutions than glibc's default, which
# asks the kernel for fresh pages in every step.
HEAP = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40), "MALLOC_TOP_PAD_": str(1 << 28)}


def threads_of(threads):
    return {f"{name}_NUM_THREADS": str(threads) for name in ("OMP", "OPENBLAS", "MKL")}


def launched(command, ranks, threads, timeout):
    """Standard output of a program that mpirun starts."""
    if ranks > 1:
        # Open MPI binds each of the ranks to a core of its own.
        command = [os.environ.get("MPIRUN", "mpirun"), "-n", str(ranks), *command]
    cores = sorted(os.sched_getaffinity(0))
    allowed = {cores[-1]} if ranks * threads == 1 else set(cores)
    done = subprocess.run(
        [str(word) for word in command], env=os.environ | {"OMP_NUM_THREADS": str(threads)}, capture_output=True, text=True,
        timeout=timeout, preexec_fn=lambda: os.sched_setaffinity(0, allowed),
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(last_line(done.stderr or done.stdout))
    return done.stdout


def python(words, ranks, threads, timeout):
    """Standard output of rank 0 of a script here."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = []
    try:
        for rank in range(ranks):
            more = {
                "RANK": str(rank), "WORLD_SIZE": str(ranks), "LOCAL_RANK": str(rank), "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port), "GLOO_SOCKET_IFNAME": "lo",
            }  # fmt: skip
            processes.append(
                subprocess.Popen(
                    [sys.executable, *map(str, words)], env=os.environ | threads_of(threads) | HEAP | more, cwd=HERE, text=True,
                    stdout=subprocess.PIPE if rank == 0 else subprocess.DEVNULL, stderr=subprocess.PIPE,
                )
            )  # fmt: skip
        out, error = processes[0].communicate(timeout=timeout)
        if any(process.wait(timeout=30) for process in processes):
            raise RuntimeError(last_line(error) if processes[0].returncode else "a rank failed")
        return out
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()


def lines(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def last_line(text):
    found = [line for line in text.strip().splitlines() if line.strip(" -")]
    return found[-1].strip()[:160] if found else "failed without a message"
