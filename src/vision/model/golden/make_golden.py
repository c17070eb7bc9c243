"""Writes golden.txt: what torchvision's networks answer for the weights and images of formula.py.

    python3 make_golden.py > golden.txt

One line each: network, quantity, values. Made with torch 1.13.1 and torchvision 0.14.1, in fp32.
"""

import torch
import torchvision

import formula

CLASSES = 10
IMAGES = (2, 3, 97, 81)  # odd and not square: paddings and strides show


def line(network, quantity, values):
    print(network, quantity, *(f"{v:.9g}" for v in values.detach().flatten().tolist()))


torch.set_num_threads(1)
for name in ("resnet18", "resnet34", "resnet50", "resnet101", "mobilenet_v2"):
    # Our MobileNetV2 has no dropout.
    options = {"dropout": 0.0} if name == "mobilenet_v2" else {}
    model = formula.fill(getattr(torchvision.models, name)(num_classes=CLASSES, **options))
    with torch.no_grad():
        line(name, "logits", model.eval()(formula.images(IMAGES)))
    if name not in ("resnet18", "resnet50", "mobilenet_v2"):
        continue
    logits = model.train()(formula.images(IMAGES))
    torch.nn.functional.cross_entropy(logits, torch.tensor([3, 8])).backward()
    line(name, "training_logits", logits)
    line(name, "gradient_norms", torch.stack([p.grad.norm() for p in model.parameters()]))
    last = model.features[17].conv[3] if name == "mobilenet_v2" else model.layer4[-1].bn2
    line(name, "last_running_var", last.running_var[:10])
