"""Weights and images by a formula that formula.h repeats, so that no weights need be stored.

Element i of a tensor is center + radius * u(name, i), u uniform in [-1, 1): the top 24 bits of
SplitMix64's mix of FNV-1a(name) + (i + 1) * 0x9e3779b97f4a7c15.
"""

import numpy
import torch

GOLDEN = numpy.uint64(0x9E3779B97F4A7C15)


def uniform(name, count):
    hash = 0xCBF29CE484222325
    for byte in name.encode():
        hash = (hash ^ byte) * 0x100000001B3 % 2**64
    z = numpy.uint64(hash) + numpy.arange(1, count + 1, dtype=numpy.uint64) * GOLDEN
    z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    z = z ^ (z >> numpy.uint64(31))
    return (z >> numpy.uint64(40)).astype(numpy.float64) * 2.0**-23 - 1.0


def center_and_radius(name, sizes):
    if len(sizes) >= 2:  # convolutions and fc.weight: variance 2 / fan-in
        fan_in = int(numpy.prod(sizes[1:]))
        return 0.0, (6.0 / fan_in) ** 0.5
    if name.endswith("running_var"):
        return 1.0, 0.5
    if name.endswith("weight"):  # batch norm: below 1, so that 33 residual blocks stay sane
        return 0.5, 0.25
    return 0.0, 0.1  # biases and running means


def tensor(name, sizes):
    sizes = tuple(sizes)
    if name.endswith("num_batches_tracked"):
        return torch.tensor(7)
    center, radius = center_and_radius(name, sizes)
    values = center + radius * uniform(name, int(numpy.prod(sizes)))
    return torch.from_numpy(values.astype(numpy.float32).reshape(sizes))


def images(sizes):
    values = 2.0 * uniform("images", int(numpy.prod(sizes)))
    return torch.from_numpy(values.astype(numpy.float32).reshape(sizes))


def fill(model):
    model.load_state_dict({name: tensor(name, t.shape) for name, t in model.state_dict().items()})
    return model
