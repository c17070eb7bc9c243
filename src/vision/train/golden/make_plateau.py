#!/usr/bin/env python3
"""Writes plateau.json: learning rates by torch.optim.lr_scheduler.ReduceLROnPlateau.

Needs python3-torch (1.13).
"""
import json
import pathlib
import random

import torch

cases = []
draw = random.Random(1)
for rate, factor, patience in ((0.1, 0.1, 0), (0.1, 0.5, 2), (1.0, 0.0, 1), (1e-7, 0.95, 0),
                               (0.03, 0.99, 3)):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=rate)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, "min", factor=factor,
                                                           patience=patience)
    losses, rates = [], []
    for epoch in range(25):
        loss = 3 / (1 + epoch // 4) + draw.choice([0, 0, 1e-5, 0.3])
        scheduler.step(loss)
        losses.append(loss)
        rates.append(optimizer.param_groups[0]["lr"])
    cases.append({"rate": rate, "factor": factor, "patience": patience, "losses": losses,
                  "rates": rates})
path = pathlib.Path(__file__).with_name("plateau.json")
path.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
