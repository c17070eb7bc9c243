#!/usr/bin/env python3
"""Our colour transforms against torchvision's tensor ops, in turn, on one core.

    python3 bench/augment/compare.py BUILD/bench/augment/augment_bench [ROUNDS]

Needs python3-torch and python3-torchvision. Prints, for each case, the median over the rounds of
the processor time a photograph of 224 x 224 takes, its quartiles, and the median of the ratios of
each round.
"""
import statistics
import subprocess
import sys
import time

import torch
import torchvision
import torchvision.transforms.functional as F

PHOTOGRAPHS = 24
torch.set_num_threads(1)
images = torch.randint(0, 256, (PHOTOGRAPHS, 3, 224, 224), dtype=torch.uint8)


def spread(i):
    return 0.4 * (i % 16 - 7.5) / 8


def group(image, i):
    image = F.adjust_brightness(image, 1 + spread(i))
    image = F.adjust_contrast(image, 1 - spread(i))
    return F.adjust_saturation(image, 1 + spread(i))


THEIRS = {
    "brightness": lambda image, i: F.adjust_brightness(image, 1 + spread(i)),
    "contrast": lambda image, i: F.adjust_contrast(image, 1 - spread(i)),
    "saturation": lambda image, i: F.adjust_saturation(image, 1 + spread(i)),
    "hue": lambda image, i: F.adjust_hue(image, spread(i) / 4),
    "brightness + contrast + saturation, fused": group,
    "colour group (with hue)": lambda image, i: F.adjust_hue(group(image, i), spread(i) / 4),
}


def microseconds(function):
    best = None
    for _ in range(2):
        start = time.process_time()
        for i, image in enumerate(images):
            function(image, i)
        spent = time.process_time() - start
        best = spent if best is None else min(best, spent)
    return 1e6 * best / PHOTOGRAPHS


def quartiles(values):
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:9.1f} ({low:.1f}-{high:.1f})"


program = sys.argv[1]
rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 15
ours, theirs = {}, {}
begin = time.process_time()
for _ in range(rounds):
    for line in subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines():
        name, value = line.rsplit(" ", 1)
        ours.setdefault(name, []).append(float(value))
    for name, function in THEIRS.items():
        theirs.setdefault(name, []).append(microseconds(function))

print(f"torchvision {torchvision.__version__}, torch {torch.__version__}, {rounds} rounds, "
      f"{time.process_time() - begin:.0f} s of one core for torchvision's part")
print("| case | ours, us | torchvision, us | times as fast | of the time of a copy |")
print("|---|---|---|---|---|")
for name, values in ours.items():
    other = theirs.get(name)
    faster = "" if other is None else quartiles([b / a for a, b in zip(values, other)])
    copies = quartiles([a / c for a, c in zip(values, ours["copy"])])
    print(f"| {name} | {quartiles(values)} | {quartiles(other) if other else ''} | {faster} "
          f"| {copies} |")
