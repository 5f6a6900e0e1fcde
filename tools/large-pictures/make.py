"""Makes large pictures of every format, for `scripts/selftest large`.

Use: python make.py FOLDER [MEGAPIXELS] (needs Pillow and numpy). 48 megapixels unless something else is asked for.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

Image.MAX_IMAGE_PIXELS = None


def scene(width, height):
    """Stripes with some grain, so that files are neither tiny nor huge."""
    y = np.arange(height, dtype=np.uint16)[:, None]
    x = np.arange(width, dtype=np.uint16)[None, :]
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[..., 0] = (x // 37 + y // 53) % 256
    pixels[..., 1] = (y // 31) % 256
    pixels[..., 2] = (x // 29) % 256
    grain = np.random.default_rng(1).integers(0, 24, (256, 256, 3)).astype(np.uint8)
    return pixels + np.tile(grain, (height // 256 + 1, width // 256 + 1, 1))[:height, :width]


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    megapixels = float(sys.argv[2]) if len(sys.argv) > 2 else 48
    width = int((megapixels * 1e6 * 4 / 3) ** 0.5)
    height = int(megapixels * 1e6 / width)

    def save(picture, name, **options):
        if not (folder / name).exists():
            picture.save(folder / name, **options)
        print(name, flush=True)

    grained = scene(width, height)
    picture = Image.fromarray(grained)
    steps = grained // 32 * 32
    stepped = Image.fromarray(steps)
    alpha = np.tile((np.arange(width) // 40 % 256).astype(np.uint8), (height, 1))
    transparent = Image.fromarray(np.dstack([steps, alpha]))
    numbers = Image.fromarray(steps[..., 0] // 32, "P")
    numbers.putpalette([level * 30 for level in range(8) for color in range(3)])

    save(transparent, "alpha.webp", quality=30, method=0)
    save(transparent, "alpha-lossless.webp", lossless=True, quality=0, method=0)
    save(stepped, "lossless.webp", lossless=True, quality=0, method=0)
    save(picture, "lossy.webp", quality=40, method=0)
    save(picture, "baseline.jpg", quality=70)
    save(picture, "progressive-444.jpg", quality=50, subsampling=0, progressive=True)
    save(picture, "progressive-420.jpg", quality=50, progressive=True)
    save(picture.convert("CMYK"), "cmyk.jpg", quality=50)
    save(stepped, "rgb.png", compress_level=1)
    save(transparent, "rgba.png", compress_level=1)
    save(Image.fromarray(steps[..., 0].astype(np.uint16) * 257), "grey-16.png", compress_level=1)
    save(numbers, "palette.png", compress_level=1)
    save(numbers, "plain.gif", interlace=0)
    save(numbers, "interlaced.gif", interlace=1)
    save(numbers, "palette.bmp")
    save(stepped, "rgb.bmp")
    save(stepped, "lzw.tiff", compression="tiff_lzw")
    save(picture, "jpeg-inside.tiff", compression="jpeg", quality=50)
    save(transparent, "rgba-deflate.tiff", compression="tiff_adobe_deflate")
    save(Image.fromarray(steps[..., 0].astype(np.float32) / 255), "float.tiff", compression="tiff_adobe_deflate")
    save(Image.fromarray(steps[..., 0].astype(np.int32) << 23), "grey-32.tiff", compression="tiff_adobe_deflate")
    save(Image.fromarray(steps[..., 0].astype(np.uint16) * 257), "grey-16.tiff", compression="tiff_adobe_deflate")
    save(stepped.convert("1", dither=Image.Dither.NONE), "group4.tiff", compression="group4")
    strip = scene(65000, int(megapixels * 1e6 / 65000))
    save(Image.fromarray(strip), "strip.jpg", quality=50)
    save(Image.fromarray(strip // 64 * 64), "strip.png", compress_level=1)
    save(Image.fromarray(scene(16383, 1300)), "strip.webp", quality=30, method=0)


if __name__ == "__main__":
    main()
