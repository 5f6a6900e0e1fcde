"""Draws the pictures beside it: what Java cannot write, and what Pillow makes of a few small ones.

Use: python make.py (needs Pillow and numpy). Everything is drawn from formulas, so a run gives the same pictures again.
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

HERE = Path(__file__).parent


def scene(width, height):
    """A gradient with a red corner, a green disc and a blue bar: no two orientations look alike."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([40 + 150 * x / width, 60 + 120 * y / height, 160 - 100 * x / width], axis=2)
    picture = Image.fromarray(pixels.astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    draw.rectangle([0, 0, width // 3, height // 4], fill=(220, 20, 20))
    draw.ellipse([width // 2, height // 2, width * 3 // 4, height * 7 // 8], fill=(20, 190, 40))
    draw.rectangle([width // 8, height * 5 // 8, width // 4, height - 1], fill=(20, 30, 210))
    return picture


def squares(noisy):
    """The other ways from a picture to a square: what torchvision makes of Pillow's pictures, written out."""
    for name, picture in (("wide", noisy(151, 87, 11)), ("high", noisy(75, 130, 12))):
        width, height = picture.size
        picture.save(HERE / f"square-{name}.png")
        for filter, code in (("bilinear", Image.BILINEAR), ("bicubic", Image.BICUBIC)):
            size = 47
            yield f"{name}-squash-{filter}", size, picture.resize((size, size), code)
            ratio = max(width, height) / size
            small = picture.resize((round(width / ratio), round(height / ratio)), code)
            framed = Image.new("RGB", (size, size), (7, 7, 7))
            framed.paste(small, ((size - small.width) // 2, (size - small.height) // 2))
            yield f"{name}-long_side-{filter}", size, framed
            short = min(width, height)
            for resized_to in (size, 53):
                resized = picture.resize((int(resized_to * width / short), int(resized_to * height / short)), code)
                left, top = (int(round((side - size) / 2.0)) for side in resized.size)
                kind = f"{name}-short_side{'' if resized_to == size else resized_to}-{filter}"
                yield kind, size, resized.crop((left, top, left + size, top + size))


def noisy(width, height, seed):
    """Edges, fine stripes and noise, where resamplers differ."""
    rng = np.random.default_rng(seed)
    pixels = np.asarray(scene(width, height)).astype(np.int16) + 0
    pixels[: height // 2] += rng.integers(-40, 41, (height // 2, width, 3))
    pixels[:, ::5] = 255 - pixels[:, ::5]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def clip_crop(picture, size):
    """Short side to size, long side rounded down, centre crop: as CLIP's processor does."""
    width, height = picture.size
    short = min(width, height)
    resized = picture.resize((size * width // short, size * height // short), Image.BICUBIC)
    left, top = (resized.width - size) // 2, (resized.height - size) // 2
    return resized.crop((left, top, left + size, top + size))


def drawing(width, height):
    """TestImages.drawing(width, height, 0)."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([200 * x // width, 200 * y // height, 100 * (x + y) // (width + height)], axis=2)
    return Image.fromarray(pixels.astype(np.uint8))


def large():
    """Large enough to be thinned out. The last two are half transparent in a corner that is cropped away."""
    picture = drawing(2000, 1900)
    picture.save(HERE / "large-lossy.webp", quality=80)
    picture.save(HERE / "large-lossless.webp", lossless=True, quality=100, method=6)
    alpha = np.full((1900, 2000), 255, np.uint8)
    alpha[:4, :4] = 128
    picture.putalpha(Image.fromarray(alpha))
    picture.save(HERE / "large-alpha.webp", quality=80, exact=True)
    picture.save(HERE / "large-alpha-lossless.webp", lossless=True, quality=100, method=6, exact=True)


def main():
    large()
    picture = scene(96, 64)
    picture.save(HERE / "scene.png")

    picture.save(HERE / "lossy.webp", quality=90)
    picture.save(HERE / "lossless.webp", lossless=True)
    seen_through = picture.convert("RGBA")
    ramp = np.tile(np.linspace(0, 255, 96).astype(np.uint8), (64, 1))
    seen_through.putalpha(Image.fromarray(ramp))
    seen_through.save(HERE / "alpha.webp", lossless=True, exact=True)
    seen_through.save(HERE / "alpha-lossy.webp", quality=90, exact=True)
    background = Image.new("RGBA", picture.size, "white")
    Image.alpha_composite(background, seen_through).convert("RGB").save(HERE / "alpha-on-white.png")
    other = Image.new("RGB", picture.size, (250, 250, 0))
    picture.save(HERE / "animated.webp", save_all=True, append_images=[other], duration=100, lossless=True)
    picture.quantize(64).save(HERE / "animated.gif", save_all=True, append_images=[other.quantize(64)], duration=100)

    picture.save(HERE / "progressive.jpg", quality=92, progressive=True, subsampling=0)
    picture.convert("CMYK").save(HERE / "cmyk.jpg", quality=92, subsampling=0)
    picture.convert("L").save(HERE / "gray.jpg", quality=92)
    picture.convert("CMYK").save(HERE / "cmyk.tiff", compression="tiff_lzw")
    picture.save(HERE / "jpeg-inside.tiff", compression="jpeg", quality=92)

    transposes = {2: Image.FLIP_LEFT_RIGHT, 3: Image.ROTATE_180, 4: Image.FLIP_TOP_BOTTOM, 5: Image.TRANSPOSE,
                  6: Image.ROTATE_90, 7: Image.TRANSVERSE, 8: Image.ROTATE_270}
    for number in range(1, 9):
        stored = picture.transpose(transposes[number]) if number in transposes else picture
        exif = Image.Exif()
        exif[0x0112] = number
        stored.save(HERE / f"orientation-{number}.jpg", quality=92, subsampling=0, exif=exif)
        if number == 6:
            stored.save(HERE / "orientation-6.png", exif=exif)
            stored.save(HERE / "orientation-6.webp", lossless=True, exif=exif)
            stored.save(HERE / "orientation-6.tiff", exif=exif, compression="tiff_lzw")

    # Sources of the resampler: shrunk and enlarged, wide and high, even and uneven rests, a strip.
    for name, (width, height) in {"wide": (151, 87), "high": (75, 130), "strip": (300, 3), "exact": (64, 64)}.items():
        source = noisy(width, height, seed=width)
        source.save(HERE / f"resample-{name}.png")
        for size in (64, 224) if name in ("wide", "strip") else (64,):
            clip_crop(source, size).save(HERE / f"resample-{name}-{size}.png", optimize=True)
    for kind, size, made in squares(noisy):
        made.save(HERE / f"square-{kind}-{size}.png", optimize=True)


if __name__ == "__main__":
    main()
