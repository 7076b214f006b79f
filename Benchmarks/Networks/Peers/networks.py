"""The networks that are compared, as PyTorch has them, and their inputs."""

import gzip
from pathlib import Path

import numpy as np
import torch
from torch import nn


class Network:
    """`make` gives the module; pooling comes before the ReLU, which gives the same values for less work."""

    def __init__(self, name, size, make):
        self.name, self.size, self.make = name, size, make

    @property
    def is_convolutional(self):
        return self.size is not None

    @property
    def shape(self):
        return (1, self.size, self.size) if self.size else (784,)


def mlp():
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten(),
        nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10),
    )  # fmt: skip


def paper():
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(16, 256, 5, padding=2), nn.MaxPool2d(2),
        nn.ReLU(), nn.Flatten(), nn.Linear(256 * 8 * 8, 256), nn.ReLU(), nn.Linear(256, 10),
    )  # fmt: skip


def small():
    """For Fashion-MNIST; jobs/fashion-mnist trains the same."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(32, 64, 3, padding=1), nn.MaxPool2d(2),
        nn.ReLU(), nn.Flatten(), nn.Linear(64 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip


NETWORKS = {
    network.name: network
    for network in (
        Network("mlp", None, mlp), Network("lenet", 28, lenet), Network("paper", 32, paper), Network("small", 28, small),
    )
}  # fmt: skip


def initialise(module, seed):
    """He for layers before a ReLU, biases 0."""
    torch.manual_seed(seed)
    for part in module.modules():
        if isinstance(part, (nn.Linear, nn.Conv2d)):
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
            nn.init.zeros_(part.bias)
    return module


def idx(path):
    """The array in a gzipped IDX file of bytes."""
    data = gzip.decompress(Path(path).read_bytes())
    dimensions = data[3]
    shape = np.frombuffer(data, ">u4", dimensions, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def images(folder, part, network):
    """Images scaled to [0, 1], padded with zeros to what the network takes, and their classes."""
    pixels = idx(Path(folder) / f"{part}-images-idx3-ubyte.gz").astype(np.float32) / 255
    classes = idx(Path(folder) / f"{part}-labels-idx1-ubyte.gz").astype(np.int64)
    if network.is_convolutional:
        edge = (network.size - pixels.shape[1]) // 2
        pixels = np.pad(pixels, ((0, 0), (edge, edge), (edge, edge)))
    return torch.from_numpy(pixels.reshape(len(pixels), *network.shape)), torch.from_numpy(classes)
