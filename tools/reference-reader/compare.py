"""Uploads every file of a folder and compares what Glimpse sees with what Pillow sees, for docs/benchmarks/reference-reader.txt.

Use: python compare.py URL FOLDER (needs Pillow and numpy). URL is that of a server without keys whose data may be thrown away, for
example http://127.0.0.1:8080. It should take many requests: GLIMPSE_ACCESS_REQUESTSPERMINUTE=1000000.

A file agrees if both refuse it, or if the thumbnail has the shape of the picture, and its mean colour within 6 of 255 levels. Pillow shows
the first frame of an animation; Glimpse shows the first that is not of one colour.
"""

import io
import json
import sys
import urllib.error
import urllib.request
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

warnings.simplefilter("ignore")
Image.MAX_IMAGE_PIXELS = 60_000_000

# Those that Glimpse knows, as Pillow calls them.
FORMATS = {"JPEG", "MPO", "PNG", "GIF", "WEBP", "BMP", "DIB", "TIFF", "AVIF"}
LEVELS = 6
SHAPE = 0.02


def upload(server, path):
    request = urllib.request.Request(
        server + "/upload", data=path.read_bytes(), headers={"Content-Type": "application/octet-stream"})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as problem:
        return problem.code, json.load(problem)


def mean(picture):
    """Of red, green and blue, over white."""
    if "A" in picture.mode or "transparency" in picture.info or picture.mode == "P":
        white = Image.new("RGBA", picture.size, "white")
        white.alpha_composite(picture.convert("RGBA"))
        picture = white
    return np.asarray(picture.convert("RGB"), dtype=np.float64).reshape(-1, 3).mean(0)


def in_standard_colours(picture):
    profile = picture.info.get("icc_profile")
    if not profile or picture.mode not in ("RGB", "CMYK", "L"):
        return picture
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(picture, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return picture


def seen_by_pillow(path):
    """Size and mean colour; None if it is no picture, or none that Glimpse is meant to know."""
    try:
        picture = Image.open(path)
        if picture.format not in FORMATS:
            return None
        picture.load()
        picture = ImageOps.exif_transpose(picture)
        if picture.mode.startswith("I"):
            grey = np.asarray(picture, dtype=np.float64).mean() / 257
            return picture.size, np.full(3, grey)
        return picture.size, mean(in_standard_colours(picture))
    except Exception:  # Pillow refuses files with errors of any kind.
        return None


def difference(server, id_, seen):
    """What differs; None if nothing does."""
    size, colour = seen
    with urllib.request.urlopen(f"{server}/{id_}/thumbnail", timeout=60) as answer:
        thumbnail = Image.open(io.BytesIO(answer.read()))
    shape = size[0] / size[1]
    ours = thumbnail.width / thumbnail.height
    if abs(shape - ours) > SHAPE * max(shape, ours) + 1 / min(thumbnail.size):
        return f"shape {size} for {thumbnail.size}"
    levels = np.abs(mean(thumbnail) - colour).max()
    return f"colour by {levels:.0f} levels" if levels > LEVELS else None


def main():
    server, folder = sys.argv[1].rstrip("/"), Path(sys.argv[2])
    outcomes = Counter()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        status, body = upload(server, path)
        seen = seen_by_pillow(path)
        taken = status in (200, 201)
        if taken and seen:
            what = difference(server, body["id"], seen)
            outcome = "taken by both, and differ" if what else "taken by both, and agree"
        elif taken:
            what, outcome = "taken", "taken by Glimpse alone"
        elif seen:
            what, outcome = f"{status} {body.get('detail')}", "taken by Pillow alone"
        else:
            what, outcome = None, "refused by both"
        outcomes[outcome] += 1
        if what:
            print(f"{path.name}: {what}", flush=True)
    for outcome, count in sorted(outcomes.items()):
        print(f"{count:6,} {outcome}")


if __name__ == "__main__":
    main()
