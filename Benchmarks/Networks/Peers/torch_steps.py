"""Training steps of PyTorch, alone or as one of several ranks of DDP (gloo): prints one JSON line a batch size.

    torch_steps.py NETWORK BATCH,BATCH,… THREADS SECONDS        rank, size and port in RANK, WORLD_SIZE and MASTER_PORT

A step is forward, backward with the reduction, and momentum, on a batch that is in memory already. The median of the steps
that fit in SECONDS counts, two at least. One thread alone is timed by its processor time.
"""

import json
import os
import sys
import time

import torch
import torch.distributed as dist
import torch.nn.functional as F

from networks import NETWORKS, initialise

ROWS = 8192


def main():
    name, batches, threads, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    rank, ranks = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    cores = sorted(os.sched_getaffinity(0))
    if threads == 1:
        os.sched_setaffinity(0, {cores[-1 - rank]})
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    if ranks > 1:
        dist.init_process_group("gloo")
    network = NETWORKS[name]
    generator = torch.Generator().manual_seed(1)
    inputs = torch.rand(ROWS // ranks, *network.shape, generator=generator)
    classes = torch.randint(10, (ROWS // ranks,), generator=generator)
    # What PyTorch lays out as channels last is faster for some convolutions, slower for others.
    for layout in (torch.contiguous_format, torch.channels_last) if network.is_convolutional else (None,):
        module = initialise(network.make(), 1)
        images = inputs
        if layout:
            module, images = module.to(memory_format=layout), inputs.contiguous(memory_format=layout)
        if ranks > 1:
            module = torch.nn.parallel.DistributedDataParallel(module, gradient_as_bucket_view=True)
        optimiser = torch.optim.SGD(module.parameters(), lr=0.001, momentum=0.9, fused=True)
        for batch in map(int, batches.split(",")):
            rate = measure(module, optimiser, images, classes, batch, ranks, threads, seconds)
            if rank == 0:
                label = str(layout).removeprefix("torch.") if layout else None
                print(json.dumps({"batch": batch, "samplesPerSecond": rate, "layout": label}), flush=True)
    if ranks > 1:
        # Taking gloo down ends in std::terminate now and then, after all the work.
        dist.barrier()
        sys.stdout.flush()
        os._exit(0)


def measure(module, optimiser, images, classes, batch, ranks, threads, seconds):
    part = batch // ranks
    clock = time.process_time if threads == 1 and ranks == 1 else time.perf_counter
    times, position, warm = [], 0, 1 if batch > 1024 else 3
    while True:
        if position + part > len(images):
            position = 0
        start = clock()
        optimiser.zero_grad()
        F.cross_entropy(module(images[position : position + part]), classes[position : position + part]).backward()
        optimiser.step()
        times.append(clock() - start)
        position += part
        enough = torch.tensor(float(len(times) >= warm + 2 and sum(times[warm:]) >= seconds))
        if ranks > 1:
            # All ranks do the same number of steps.
            dist.broadcast(enough, 0)
        if enough:
            times = sorted(times[warm:])
            return batch / times[len(times) // 2]


if __name__ == "__main__":
    main()
