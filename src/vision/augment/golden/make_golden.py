#!/usr/bin/env python3
"""Writes torchvision.json: what torchvision does to two small pictures.

Needs python3-torch and python3-torchvision (0.14). The pictures are drawn by the same
formula as in augment_test.cc.
"""
import json
import pathlib

import torch
import torchvision.transforms.functional as F

HEIGHT, WIDTH = 7, 9


def picture():
    """(3, HEIGHT, WIDTH) uint8; every kind of colour, greys, black and white among them."""
    out = torch.empty(3, HEIGHT, WIDTH, dtype=torch.uint8)
    for y in range(HEIGHT):
        for x in range(WIDTH):
            for c in range(3):
                out[c, y, x] = (y * 37 + x * 59 + c * (y + x) * 41) % 256
    out[:, 0, 0] = 0
    out[:, 0, 1] = 255
    return out


def case(name, result, **arguments):
    pixels = result.permute(1, 2, 0).flatten().tolist()
    return {"name": name, "height": result.shape[1], "width": result.shape[2], **arguments,
            "pixels": pixels}


image = picture()
cases = [case("picture", image), case("flip", F.hflip(image))]
for factor in (0, 0.3, 1, 1.7, 10):
    cases.append(case("brightness", F.adjust_brightness(image, factor), factor=factor))
    cases.append(case("contrast", F.adjust_contrast(image, factor), factor=factor))
    cases.append(case("saturation", F.adjust_saturation(image, factor), factor=factor))
for turn in (-0.5, -0.2, 0.05, 0.31, 0.5):
    cases.append(case("hue", F.adjust_hue(image, turn), factor=turn))
for top, left, height, width in ((0, 0, 7, 9), (1, 2, 5, 6), (6, 8, 1, 1)):
    cases.append(case("resized_crop",
                      F.resized_crop(image, top, left, height, width, [4, 5], antialias=True),
                      top=top, left=left, crop_height=height, crop_width=width))
path = pathlib.Path(__file__).with_name("torchvision.json")
path.write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")
