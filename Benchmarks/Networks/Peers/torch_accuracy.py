"""One training run of PyTorch, alone or as one of several ranks of DDP (gloo): prints the curve, one JSON line a look.

    torch_accuracy.py FOLDER NETWORK SETTING       a JSON object; rank, size and port in RANK, WORLD_SIZE and MASTER_PORT

SETTING: optimiser (sgd: momentum 0.9, or adadelta), rate, epochs, batch, seed; schedule linear (the rate falls to 0 over the
epochs), inverse (rate / (1 + decay · epochs)) or constant. The clock stands while the test set is looked at. Bytes are what
one rank puts into reductions: 4 a parameter and step.
"""

import json
import os
import sys
import time

import torch
import torch.distributed as dist
import torch.nn.functional as F

from networks import NETWORKS, images, initialise


def main():
    folder, network, setting = sys.argv[1], NETWORKS[sys.argv[2]], json.loads(sys.argv[3])
    rank, ranks = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if ranks > 1:
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[-1 - rank]})
        dist.init_process_group("gloo")
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.set_flush_denormal(True)
    train, test = (images(folder, part, network) for part in ("train", "t10k"))
    module = initialise(network.make(), setting.get("seed", 1))
    # What is faster for these networks and batch sizes.
    layout = torch.channels_last if setting.get("channelsLast") else torch.contiguous_format
    module = module.to(memory_format=layout)
    plain = module
    if ranks > 1:
        module = torch.nn.parallel.DistributedDataParallel(module, gradient_as_bucket_view=True)
    run(plain, module, train, [part[rank::ranks] for part in test], setting, rank, ranks)
    if ranks > 1:
        # Taking gloo down ends in std::terminate now and then, after all the work.
        dist.barrier()
        sys.stdout.flush()
        os._exit(0)


def run(plain, module, train, test, setting, rank, ranks):
    inputs, classes = train
    rows, batch, epochs = len(inputs), setting["batch"], setting["epochs"]
    steps_per_epoch = rows // batch
    optimiser = optimiser_of(module, setting)
    parameters = sum(p.numel() for p in module.parameters())
    generator = torch.Generator().manual_seed(setting.get("seed", 1))
    looks = {round(at * steps_per_epoch) for at in look_points(epochs)}
    watch = Watch(ranks)
    for step in range(round(epochs * steps_per_epoch)):
        if step % steps_per_epoch == 0:
            order = torch.randperm(rows, generator=generator)
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step / steps_per_epoch, setting)
        start = step % steps_per_epoch * batch
        chosen = order[start + rank : start + batch : ranks]
        optimiser.zero_grad()
        loss = F.cross_entropy(module(inputs[chosen]), classes[chosen])
        loss.backward()
        optimiser.step()
        if step + 1 in looks:
            watch.stop()
            accuracy = accuracy_of(plain, *test, ranks)
            if rank == 0:
                point = {
                    "epochs": (step + 1) * batch / rows, "seconds": watch.seconds,
                    "processorSeconds": watch.processor, "allreduces": step + 1, "bytes": 4 * parameters * (step + 1), "testAccuracy": accuracy, "loss": loss.item(),
                    "batchSize": batch, "stepSize": group["lr"],
                }  # fmt: skip
                print(json.dumps(point), flush=True)
            watch.start()


def look_points(epochs):
    """Four an epoch for two epochs, then two."""
    at = 0.0
    while at < epochs:
        at += 0.25 if at < 2 else 0.5
        yield min(at, epochs)


def optimiser_of(module, setting):
    if setting["optimiser"] == "adadelta":
        return torch.optim.Adadelta(module.parameters(), lr=setting["rate"], rho=setting.get("rho", 0.9))
    return torch.optim.SGD(
        module.parameters(), lr=setting["rate"], momentum=0.9, weight_decay=setting.get("weightDecay", 0), fused=True
    )


def rate_at(epoch, setting):
    schedule = setting.get("schedule", "constant")
    if schedule == "linear":
        return setting["rate"] * (1 - epoch / setting["epochs"])
    if schedule == "inverse":
        return setting["rate"] / (1 + setting["decay"] * epoch)
    return setting["rate"]


class Watch:
    """Seconds on the wall, and processor seconds of this rank, which other work on the machine hardly touches."""

    def __init__(self, ranks):
        self.ranks, self.seconds, self.processor = ranks, 0.0, 0.0
        self.start()

    def start(self):
        if self.ranks > 1:
            dist.barrier()
        self.mark = time.perf_counter(), time.process_time()

    def stop(self):
        if self.ranks > 1:
            dist.barrier()
        self.seconds += time.perf_counter() - self.mark[0]
        self.processor += time.process_time() - self.mark[1]


@torch.no_grad()
def accuracy_of(module, inputs, classes, ranks):
    right = sum(
        (module(part).argmax(1) == answer).sum() for part, answer in zip(inputs.split(500), classes.split(500))
    )
    counts = torch.tensor([float(right), float(len(classes))])
    if ranks > 1:
        dist.all_reduce(counts)
    return (counts[0] / counts[1]).item()


if __name__ == "__main__":
    main()
