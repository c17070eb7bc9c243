#!/usr/bin/env python3
"""Makes the golden files beside it: pictures written and read by PIL.

    python3 make_golden.py        (Pillow 9.4, numpy 1.24; Debian: python3-pil python3-numpy)

NAME.SUFFIX (jpg, png, webp) is to be decoded, NAME.SUFFIX.expected.png is what PIL makes of it (EXIF orientation
applied, alpha over white). resize.png resized to HxW by PIL's BILINEAR is resize.HxW.expected.png.
"""
import pathlib

import numpy as np
from PIL import Image, ImageOps

HERE = pathlib.Path(__file__).parent
ORIENTATION = 0x0112


def picture(height, width, seed):
    """Smooth colours with an edge and some noise: something of everything a photograph has."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    rgb = np.stack([255 * x / width, 255 * y / height, 127 + 120 * np.sin(x / 5 + y / 7)], -1)
    rgb[(x - width / 3) ** 2 + (y - height / 2) ** 2 < (height / 4) ** 2] = (250, 20, 40)
    return Image.fromarray(np.clip(rgb + rng.normal(0, 6, rgb.shape), 0, 255).astype(np.uint8))


def expect(name, image):
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, rgba)
    image.convert("RGB").save(HERE / f"{name}.expected.png", optimize=True)


def golden(name, image, suffix, **options):
    path = HERE / f"{name}.{suffix}"
    image.save(path, **options)
    expect(path.name, ImageOps.exif_transpose(Image.open(path)))


def main():
    small = picture(18, 27, 1)
    golden("rgb", small, "jpg", quality=90)
    golden("progressive", small, "jpg", quality=90, progressive=True)
    golden("grey", small.convert("L"), "jpg", quality=90)
    golden("cmyk", small.convert("CMYK"), "jpg", quality=95)

    alpha = small.copy()
    alpha.putalpha(Image.fromarray(np.tile(np.linspace(0, 255, 27).astype(np.uint8), (18, 1))))
    golden("alpha", alpha, "png")
    golden("grey", small.convert("L"), "png")
    golden("bilevel", small.convert("1"), "png")
    golden("palette", small.quantize(16), "png", transparency=3)
    golden("lossy", small, "webp", quality=80)
    golden("lossless", alpha, "webp", lossless=True)

    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        golden(f"orientation{orientation}", small, "jpg", quality=95, subsampling=0, exif=exif)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    golden("turned", small, "png", exif=exif)
    golden("turned", small, "webp", lossless=True, exif=exif)

    source = picture(37, 53, 2)
    source.save(HERE / "resize.png", optimize=True)
    for height, width in [(16, 20), (80, 90), (37, 11), (12, 120), (1, 1), (36, 52)]:
        resized = source.resize((width, height), Image.BILINEAR)
        resized.save(HERE / f"resize.{height}x{width}.expected.png", optimize=True)


if __name__ == "__main__":
    main()
