#!/usr/bin/env python3
"""Writes torchvision.png and torchvision.json: what torchvision does to a small picture.

Needs python3-torch and python3-torchvision (0.14, as in Debian 12). The PNG holds the results
one below the other, the picture itself first; the JSON says for each what was done to it, and
lists torchvision's own tables of magnitudes and of AutoAugment's subpolicies.
"""
import json
import math
import pathlib

import torch
import torchvision.io
import torchvision.transforms.functional as F
import torchvision.transforms.functional_tensor as FT
from torchvision.transforms import InterpolationMode, autoaugment

HEIGHT, WIDTH = 18, 20
NEAREST, BILINEAR = InterpolationMode.NEAREST, InterpolationMode.BILINEAR


def picture():
    """(3, HEIGHT, WIDTH) uint8; every kind of colour, greys, black and white among them."""
    out = torch.empty(3, HEIGHT, WIDTH, dtype=torch.uint8)
    for y in range(HEIGHT):
        for x in range(WIDTH):
            for c in range(3):
                out[c, y, x] = (20 + y * 7 * (c + 1) + x * (11 - 4 * c) + x * y % 11 * 9) % 256
    out[:, 0, 0] = 0
    out[:, 0, 1] = 255
    for x in range(WIDTH):
        out[:, 9, x] = 13 * x
    return out


image = picture()
cases = []
pictures = []


def case(name, result, tolerance=0, odd_pixels=0, **arguments):
    """tolerance: largest difference of a channel; odd_pixels: share that may differ by more."""
    assert result.shape == image.shape, name
    cases.append({"name": name, "tolerance": tolerance, "odd_pixels": odd_pixels, **arguments})
    pictures.append(result)


def modern_hue(turn):
    """adjust_hue as torchvision has it from 0.15 on: 0.14 truncates where later ones round."""
    h, s, v = FT._rgb2hsv(image.to(torch.float32) / 255.0).unbind(dim=-3)
    rgb = FT._hsv2rgb(torch.stack(((h + turn) % 1.0, s, v), dim=-3))
    return F.convert_image_dtype(rgb, torch.uint8)


case("picture", image)
case("horizontal_flip", F.hflip(image))
case("grayscale", F.rgb_to_grayscale(image, 3))
case("invert", F.invert(image))
case("equalize", F.equalize(image))
case("autocontrast", F.autocontrast(image))
for factor in (0, 0.3, 1, 1.7, 10, 100):
    if factor <= 10:
        case("brightness", F.adjust_brightness(image, factor), factor=factor)
        case("sharpness", F.adjust_sharpness(image, factor), factor=factor)
    case("contrast", F.adjust_contrast(image, factor), factor=factor)
    case("saturation", F.adjust_saturation(image, factor), factor=factor)
for factors in ((0.7, 1.4, 0.5), (1.3, 40, 7)):
    result = F.adjust_brightness(image, factors[0])
    result = F.adjust_contrast(result, factors[1])
    case("color", F.adjust_saturation(result, factors[2]), factors=factors)
for turn in (-0.5, -0.2, 0.05, 0.31, 0.5):
    case("hue", modern_hue(turn), turn=turn)
    case("hue", F.adjust_hue(image, turn), tolerance=1, turn=turn)
for bits in (0, 1, 3, 8):
    case("posterize", F.posterize(image, bits), bits=bits)
for threshold in (0, 100, 255):
    case("solarize", F.solarize(image, threshold), threshold=threshold)
for sigma in (0.3, 1, 2):
    side = 2 * math.ceil(3 * sigma) + 1
    case("blur", F.gaussian_blur(image, [side, side], [sigma, sigma]), tolerance=1, sigma=sigma)
for quality in (10, 60, 100):
    jpeg = torchvision.io.decode_jpeg(torchvision.io.encode_jpeg(image, quality))
    case("jpeg", jpeg, quality=quality)
for top, left, height, width in ((0, 0, 18, 20), (1, 2, 9, 12), (17, 19, 1, 1)):
    case("resized_crop",
         F.resized_crop(image, top, left, height, width, [HEIGHT, WIDTH], antialias=True),
         tolerance=1, window=[top, left, height, width])
# Where a nearest neighbour is a tie, the last bit of a float decides.
for degrees in (0, 17, -90, 133):
    case("rotation", F.rotate(image, degrees, BILINEAR), tolerance=1, degrees=degrees)
    case("rotation_nearest", F.rotate(image, degrees, NEAREST, fill=[77]), odd_pixels=0.02,
         degrees=degrees)
for x, y in ((20, 0), (0, -35), (15, 30)):
    case("shear", F.affine(image, 0, [0, 0], 1, [x, y], BILINEAR), tolerance=1, x=x, y=y)
for x, y in ((3, 0), (-5, 4), (19, 17)):
    case("translation", F.affine(image, 0, [x, y], 1, [0, 0], BILINEAR), tolerance=1, x=x, y=y)
for ends in ([[3, 2], [18, 0], [16, 17], [1, 14]], [[0, 0], [19, 0], [19, 17], [0, 17]]):
    starts = [[0, 0], [WIDTH - 1, 0], [WIDTH - 1, HEIGHT - 1], [0, HEIGHT - 1]]
    case("perspective", F.perspective(image, starts, ends, BILINEAR), tolerance=1, ends=ends)
for share in (0, 0.3, 1):
    other = image.flip(1)
    mixed = share * image.to(torch.float64) + (1 - share) * other.to(torch.float64)
    case("mixup", torch.round(mixed).to(torch.uint8), tolerance=1, share=share)

operations = {
    "ShearX": (0.3, -0.99), "ShearY": (-0.3, 0.5), "TranslateX": (7.9, -32), "TranslateY": (-3.2,),
    "Rotate": (30, -135), "Brightness": (0.9, -0.99), "Color": (0.9, -0.5),
    "Contrast": (0.9, -0.99), "Sharpness": (0.99, -0.9), "Posterize": (2, 8, 4.6),
    "Solarize": (255, 110.5), "AutoContrast": (0,), "Equalize": (0,), "Invert": (0,),
    "Identity": (0,),
}
for operation, magnitudes in operations.items():
    for magnitude in magnitudes:
        result = autoaugment._apply_op(image, operation, magnitude, NEAREST, None)
        case("operation", result, odd_pixels=0.04 if operation == "Rotate" else 0.01,
             operation=operation, magnitude=magnitude)


def space(table):
    return {name: {"magnitudes": magnitudes.tolist(), "signed": signed}
            for name, (magnitudes, signed) in table.items()}


size = (200, 331)
auto = autoaugment.AutoAugment()
tables = {
    "height": size[0], "width": size[1],
    "rand_augment": space(autoaugment.RandAugment()._augmentation_space(31, size)),
    "trivial_augment": space(autoaugment.TrivialAugmentWide()._augmentation_space(31)),
    "auto_augment": space(auto._augmentation_space(10, size)),
    "subpolicies": auto.policies,
}
here = pathlib.Path(__file__).parent
torchvision.io.write_png(torch.cat(pictures, dim=1), str(here / "torchvision.png"))
lines = ",\n".join(json.dumps(c) for c in cases)
(here / "torchvision.json").write_text(
    '{"height": %d, "cases": [\n%s\n],\n"tables": %s}\n'
    % (HEIGHT, lines, json.dumps(tables)))
