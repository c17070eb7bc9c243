"""Loads what write_pth wrote, strictly, into torchvision's ResNet-18 of 10 classes, and compares
every value with formula.py.

    python3 check_pth.py FILE
"""

import sys

import torch
import torchvision

import formula

state = torch.load(sys.argv[1], weights_only=True)
model = torchvision.models.resnet18(num_classes=10)
model.load_state_dict(state, strict=True)
for name, values in model.state_dict().items():
    assert torch.equal(values, formula.tensor(name, values.shape)), name
