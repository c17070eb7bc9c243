"""A plain PyTorch training loop: fp32, NCHW, SGD, on pictures that are in memory already.

Prints one line of JSON: photographs a second by the clock and by a core, and peak memory.
Takes Debian's python3-torch and python3-torchvision.
"""

import argparse
import json
import resource
import time

import torch
import torchvision

parser = argparse.ArgumentParser()
parser.add_argument("--network", default="resnet18")
parser.add_argument("--height", type=int, default=224)
parser.add_argument("--width", type=int, default=224)
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--classes", type=int, default=196)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--seconds", type=float, default=5)
options = parser.parse_args()

torch.set_num_threads(options.threads)
torch.manual_seed(0)
network = getattr(torchvision.models, options.network)(num_classes=options.classes)
network.train()
optimizer = torch.optim.SGD(network.parameters(), lr=0.001, momentum=0.9, weight_decay=1e-4)
criterion = torch.nn.CrossEntropyLoss()
images = torch.randn(options.batch, 3, options.height, options.width)
labels = torch.randint(options.classes, (options.batch,))


def step():
    optimizer.zero_grad()
    loss = criterion(network(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


step()  # what comes first is slower
wall, cpu, photographs = time.perf_counter(), time.process_time(), 0
while True:
    step()
    photographs += options.batch
    if time.perf_counter() - wall >= options.seconds:
        break
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"by_wall": photographs / wall, "by_cpu": photographs / cpu, "peak_megabytes": peak}))
