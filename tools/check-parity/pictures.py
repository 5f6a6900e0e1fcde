"""Gathers and makes the pictures of the comparison: python pictures.py OUT [FOLDER...]

Photographs come from scikit-image, scikit-learn and matplotlib, as they are in the packages, and from FOLDERs with more of
them (JPEG, any depth below). From a few of these, every shape and way to store a picture is made. A file is named
KIND-NAME; photographs are of the kind "photo". 4:1:1 and 4:4:0 need cjpeg (libjpeg-turbo-progs) on the PATH.
"""

import io
import os
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import matplotlib
import numpy as np
import skimage
import sklearn
from PIL import Image, ImageCms

SKIMAGE = ("astronaut.png", "brick.png", "camera.png", "cell.png", "chelsea.png", "coffee.png", "coins.png", "grass.png",
           "gravel.png", "hubble_deep_field.jpg", "ihc.png", "microaneurysms.png", "moon.png", "motorcycle_left.png",
           "motorcycle_right.png", "page.png", "retina.jpg", "rocket.jpg")
SKIMAGE_DATA = Path(skimage.__file__).parent / "data"
ORIENTATION = 0x0112
TURNS = {2: Image.FLIP_LEFT_RIGHT, 3: Image.ROTATE_180, 4: Image.FLIP_TOP_BOTTOM, 5: Image.TRANSPOSE, 6: Image.ROTATE_90,
         7: Image.TRANSVERSE, 8: Image.ROTATE_270}


def photographs(folders: list[str]) -> list[Path]:
    found = [SKIMAGE_DATA / name for name in SKIMAGE]
    found += [Path(sklearn.__file__).parent / "datasets" / "images" / name for name in ("china.jpg", "flower.jpg")]
    found.append(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg")
    for folder in folders:
        found += sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    return found


def write_png16(path: Path, samples: np.ndarray) -> None:
    """16 bits a sample; Pillow writes that for grey only."""
    height, width, channels = samples.shape
    lines = np.zeros((height, 1 + width * channels * 2), np.uint8)
    lines[:, 1:] = np.frombuffer(samples.astype(">u2").tobytes(), np.uint8).reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes())), (b"IEND", b"")):
            file.write(struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)))


def shapes(out: Path, china: Image.Image, cat: Image.Image) -> None:
    width, height = china.size
    portrait = china.crop((150, 0, 390, height))
    portrait.save(out / "portrait-1.jpg", quality=90)
    portrait.resize((601, 1067), Image.LANCZOS).save(out / "portrait-2.jpg", quality=85)
    china.crop((0, 140, width, 220)).save(out / "panorama-8.png")
    china.crop((0, 100, width, 260)).resize((3000, 750), Image.LANCZOS).save(out / "panorama-4.jpg", quality=90)
    china.crop((0, 200, width, 220)).resize((6400, 200), Image.LANCZOS).save(out / "panorama-32.jpg", quality=90)
    for side in ((1, 1), (5, 7), (7, 5), (2, 31), (16, 16), (31, 23), (97, 64)):
        cat.resize(side, Image.LANCZOS).save(out / f"tiny-{side[0]}x{side[1]}.png")
    cat.resize((61, 40), Image.LANCZOS).save(out / "tiny-61x40.jpg", quality=90)
    china.crop((0, 200, width, 201)).save(out / "strip-wide.png")
    china.crop((300, 0, 301, height)).save(out / "strip-high.png")
    for side in ((223, 224), (224, 224), (225, 301), (224, 900), (333, 517), (447, 449)):
        china.resize(side, Image.LANCZOS).save(out / f"odd-{side[0]}x{side[1]}.jpg", quality=92)


def colors(out: Path, china: Image.Image, cat: Image.Image, wide: bytes) -> None:
    gray = china.convert("L")
    gray.save(out / "gray-jpeg.jpg", quality=90)
    gray.save(out / "gray-png.png")
    gray.save(out / "gray-tiff.tiff", compression="tiff_lzw")
    gray.point(lambda value: 255 * (value > 110)).convert("1").save(out / "gray-1bit.png")
    rng = np.random.default_rng(1)
    deep = np.asarray(gray).astype(np.int64) * 257 + rng.integers(-128, 129, gray.size[::-1])
    write_png16(out / "16bit-gray.png", np.clip(deep, 0, 65535)[:, :, None])
    deep = np.asarray(china).astype(np.int64) * 257 + rng.integers(-128, 129, (*gray.size[::-1], 3))
    write_png16(out / "16bit-rgb.png", np.clip(deep, 0, 65535))
    Image.fromarray(np.clip(deep[:, :, 1], 0, 65535).astype(np.uint16)).save(out / "16bit-gray.tiff")
    china.quantize(256).save(out / "palette-256.png")
    cat.quantize(16).save(out / "palette-16.png")
    cat.quantize(64).save(out / "palette-gif.gif")

    across = np.tile(np.linspace(0, 255, cat.width), (cat.height, 1)).astype(np.uint8)
    disc = np.hypot(*np.mgrid[-1:1:cat.height * 1j, -1:1:cat.width * 1j]) < 0.8
    for name, alpha in (("ramp", across), ("disc", (disc * 255).astype(np.uint8))):
        seen_through = cat.copy()
        seen_through.putalpha(Image.fromarray(alpha))
        seen_through.save(out / f"alpha-{name}.png")
        seen_through.save(out / f"alpha-{name}.webp", lossless=True, exact=True)
        seen_through.save(out / f"alpha-{name}.tiff", compression="tiff_lzw")
        seen_through.convert("LA").save(out / f"alpha-gray-{name}.png")
    seen_through.save(out / "alpha-lossy.webp", quality=85, exact=True)
    seen_through.save(out / "alpha-gif.gif")
    seen_through.quantize(64).save(out / "alpha-palette.png")

    for name, picture in (("china", china), ("cat", cat)):
        inks = picture.convert("CMYK")
        inks.save(out / f"cmyk-{name}.jpg", quality=92)  # Pillow writes Adobe's inverted inks, with its marker
        inks.save(out / f"cmyk-{name}.tiff", compression="tiff_lzw")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    china.save(out / "icc-srgb.jpg", quality=90, icc_profile=profile)
    china.save(out / "icc-srgb.png", icc_profile=profile)
    for suffix, options in (("jpg", {"quality": 90}), ("png", {}), ("webp", {"lossless": True}), ("tiff", {})):
        china.save(out / f"icc-wide.{suffix}", icc_profile=wide, **options)
    seen_through.save(out / "icc-wide-alpha.png", icc_profile=wide)


def files(out: Path, china: Image.Image, cat: Image.Image) -> None:
    for number in range(1, 9):
        stored = china.transpose(TURNS[number]) if number in TURNS else china
        exif = Image.Exif()
        exif[ORIENTATION] = number
        stored.save(out / f"exif-{number}.jpg", quality=90, exif=exif)
    stored = china.transpose(TURNS[6])
    exif[ORIENTATION] = 6
    stored.save(out / "exif-png.png", exif=exif)
    stored.save(out / "exif-webp.webp", quality=90, exif=exif)
    stored.save(out / "exif-tiff.tiff", compression="tiff_lzw", exif=exif)

    for quality in (30, 75, 95):
        for name, subsampling in (("444", 0), ("422", 1), ("420", 2)):
            cat.save(out / f"chroma-{name}-q{quality}.jpg", quality=quality, subsampling=subsampling)
    for name, factors in (("411", "4x1"), ("440", "1x2"), ("410", "4x2")):
        if shutil.which("cjpeg"):
            source = io.BytesIO()
            cat.save(source, "ppm")
            command = ["cjpeg", "-quality", "85", "-sample", factors]
            answer = subprocess.run(command, input=source.getvalue(), stdout=subprocess.PIPE, check=True)
            (out / f"chroma-{name}-q85.jpg").write_bytes(answer.stdout)
    china.save(out / "progressive-420.jpg", quality=85, progressive=True)
    cat.save(out / "progressive-444.jpg", quality=92, progressive=True, subsampling=0)
    cat.convert("L").save(out / "progressive-gray.jpg", quality=85, progressive=True)

    for name, picture in (("china", china), ("cat", cat)):
        picture.save(out / f"webp-lossy-{name}.webp", quality=80)
        picture.save(out / f"webp-lossless-{name}.webp", lossless=True)
    cat.save(out / "tiff-plain.tiff")
    cat.save(out / "tiff-deflate.tiff", compression="tiff_adobe_deflate")
    cat.save(out / "tiff-jpeg.tiff", compression="jpeg", quality=90)
    cat.save(out / "bmp-24.bmp")
    cat.quantize(256).save(out / "bmp-8.bmp")
    china.quantize(256).save(out / "gif-china.gif")
    cat.quantize(64).save(out / "gif-animated.gif", save_all=True, append_images=[cat.rotate(180).quantize(64)])
    cat.save(out / "webp-animated.webp", save_all=True, append_images=[cat.rotate(180)], quality=85)


def large(out: Path, source: Image.Image) -> None:
    """What cameras and phones give: the decoder thins these out while it reads."""
    turned = Image.Exif()
    turned[ORIENTATION] = 6
    for name, side in (("1mp", (1155, 866)), ("3mp", (2000, 1500)), ("12mp", (4000, 3000)), ("24mp", (6000, 4000))):
        picture = source.resize(side, Image.LANCZOS)
        # The grain of a sensor, without which an enlarged picture would have nothing to thin out.
        grain = np.random.default_rng(side[0]).normal(0, 6, (side[1], side[0], 3))
        picture = Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8))
        picture.save(out / f"large-{name}.jpg", quality=88)
        if name == "12mp":
            picture.transpose(TURNS[6]).save(out / "large-12mp-turned.jpg", quality=88, exif=turned)
            picture.save(out / "large-12mp-progressive.jpg", quality=88, progressive=True)
            picture.save(out / "large-12mp-444.jpg", quality=88, subsampling=0)
        if name == "3mp":
            picture.save(out / "large-3mp.png", compress_level=1)
            picture.save(out / "large-3mp.webp", quality=80)


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    out = Path(sys.argv[1])
    os.makedirs(out, exist_ok=True)
    found = photographs(sys.argv[2:])
    for path in found:
        shutil.copy(path, out / f"photo-{path.name}")
    opened = {path.name: path for path in found}
    china = Image.open(opened["china.jpg"]).convert("RGB")
    cat = Image.open(opened["chelsea.png"]).convert("RGB")
    shapes(out, china, cat)
    # Its profile is Adobe RGB (1998).
    colors(out, china, cat, Image.open(opened["rocket.jpg"]).info["icc_profile"])
    files(out, china, cat)
    big = max(found, key=lambda path: path.stat().st_size if path.suffix == ".jpg" else 0)
    large(out, Image.open(big).convert("RGB"))
    print(f"{len(list(out.iterdir()))} pictures, {len(found)} of them photographs as they came, in {out}")


if __name__ == "__main__":
    main()
