"""Makes the pictures beside it, which Java cannot read: HEIC, AVIF and JPEG XL of every kind that phones and browsers make.

Use: python make.py (needs Pillow, and heif-enc, avifenc and cjxl: apt-get install libheif-examples libavif-bin libjxl-tools).
With two arguments, python make.py WIDTHxHEIGHT FILE.heic, it makes a large picture of tiles, which are all the same bytes: a file of
some hundred kilobytes that takes as long to decode as a large photo.

heif-enc writes neither turns nor tiles, so the container of such HEICs is written here, around what heif-enc has compressed.
"""

import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
SCENE = HERE.parent / "scene.png"
EXIF_TURNED = b"Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"


def run(*command):
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def box(name, *parts):
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), name) + body


def full(name, version, flags, *parts):
    return box(name, struct.pack(">I", version << 24 | flags), *parts)


def boxes(data, start=0):
    """The boxes in these bytes as pairs of a name and a body."""
    at = start
    while at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        yield name, data[at + 8 : at + size]
        at += size


def compressed(heic):
    """What heif-enc has made of one picture: the decoder's configuration and the bits."""
    data = heic.read_bytes()
    parts = dict(boxes(data))
    meta = dict(boxes(parts[b"meta"], 4))
    properties = dict(boxes(dict(boxes(meta[b"iprp"]))[b"ipco"]))
    return box(b"hvcC", properties[b"hvcC"]), parts[b"mdat"]


def ispe(width, height):
    return full(b"ispe", 0, 0, struct.pack(">II", width, height))


def heic(target, items, primary, references=()):
    """Writes a HEIC. An item is (id, type, hidden, bits, properties); a reference (type, from, to...)."""
    properties, associations, infos, locations, bits, places = [], [], [], [], b"", {}
    for number, kind, hidden, data, own in items:
        indices = []
        for each in own:
            if each not in properties:
                properties.append(each)
            indices.append(properties.index(each) + 1)
        associations.append(struct.pack(">HB", number, len(indices)) + bytes(indices))
        infos.append(full(b"infe", 2, int(hidden), struct.pack(">HH4s", number, 0, kind), b"\0"))
        if data not in places:
            places[data] = len(bits)
            bits += data
        locations.append((number, places[data], len(data)))
    refs = [box(kind, struct.pack(">HH", source, len(to)), struct.pack(f">{len(to)}H", *to)) for kind, source, *to in references]
    ftyp = box(b"ftyp", b"heic", b"\0\0\0\0", b"mif1heic")

    def meta(offset):
        iloc = struct.pack(">HH", 0x4400, len(items)) + b"".join(
            struct.pack(">HHHII", number, 0, 1, offset + at, length) for number, at, length in locations
        )
        return full(
            b"meta", 0, 0,
            full(b"hdlr", 0, 0, b"\0\0\0\0pict", bytes(13)),
            full(b"pitm", 0, 0, struct.pack(">H", primary)),
            full(b"iloc", 0, 0, iloc),
            full(b"iinf", 0, 0, struct.pack(">H", len(infos)), *infos),
            *([full(b"iref", 0, 0, *refs)] if refs else []),
            box(b"iprp", box(b"ipco", *properties),
                full(b"ipma", 0, 0, struct.pack(">I", len(associations)), *associations)),
        )

    start = len(ftyp) + len(meta(0)) + 8
    target.write_bytes(ftyp + meta(start) + box(b"mdat", bits))


def grid(columns, rows, width, height):
    return struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)


def tiles(work, picture, side, columns, rows):
    """The picture cut into squares, each compressed; the last ones reach beyond it and repeat its edge."""
    for n in range(columns * rows):
        x, y = n % columns * side, n // columns * side
        tile = Image.new("RGB", (side, side))
        for dx in range(0, side):
            for dy in range(0, side):
                tile.putpixel((dx, dy), picture.getpixel((min(x + dx, picture.width - 1), min(y + dy, picture.height - 1))))
        tile.save(work / "tile.png")
        run("heif-enc", "-q", 95, "-p", "chroma=444", work / "tile.png", "-o", work / "tile.heic")
        yield compressed(work / "tile.heic")


def large(work, width, height, target):
    """One tile of noise, again and again."""
    side = 512
    Image.effect_noise((side, side), 50).convert("RGB").save(work / "tile.png")
    run("heif-enc", "-q", 60, work / "tile.png", "-o", work / "tile.heic")
    hvcc, bits = compressed(work / "tile.heic")
    columns, rows = -(-width // side), -(-height // side)
    numbers = range(2, 2 + columns * rows)
    items = [(1, b"grid", False, grid(columns, rows, width, height), [ispe(width, height)])]
    items += [(n, b"hvc1", True, bits, [hvcc, ispe(side, side)]) for n in numbers]
    heic(target, items, 1, [(b"dimg", 1, *numbers)])


def main(work):
    scene = Image.open(SCENE)
    sideways = scene.transpose(Image.ROTATE_90)  # to be turned by 90 degrees clockwise, as EXIF's 6 says
    sideways.save(work / "sideways.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    sideways.save(work / "sideways.jpg", quality=97, subsampling=0, exif=exif)
    alpha = Image.open(HERE.parent / "alpha.webp")
    alpha.save(work / "alpha.png")
    run(sys.executable, "-c", DEEP, work / "deep.png", SCENE)

    for name, source, *options in [
        ("plain", SCENE, "-q", 95, "-p", "chroma=444"),
        ("alpha", work / "alpha.png", "-q", 95, "-p", "chroma=444"),
        ("deep", work / "deep.png", "-q", 95, "-b", 10),
        ("sideways", work / "sideways.png", "-q", 95, "-p", "chroma=444"),
    ]:
        run("heif-enc", *options, source, "-o", work / f"{name}.heic")
    for name in ["plain", "alpha", "deep"]:
        (HERE / f"{name}.heic").write_bytes((work / f"{name}.heic").read_bytes())

    hvcc, bits = compressed(work / "sideways.heic")
    # irot turns anticlockwise, by so many quarters. Phones write the same into the EXIF block, for information.
    heic(HERE / "turned.heic", [
        (1, b"hvc1", False, bits, [hvcc, ispe(64, 96), box(b"irot", b"\3")]),
        (2, b"Exif", False, struct.pack(">I", 6) + EXIF_TURNED, []),
    ], 1, [(b"cdsc", 2, 1)])
    scene.transpose(Image.FLIP_LEFT_RIGHT).save(work / "mirrored.png")
    run("heif-enc", "-q", 95, "-p", "chroma=444", work / "mirrored.png", "-o", work / "mirrored.heic")
    hvcc, bits = compressed(work / "mirrored.heic")
    heic(HERE / "mirrored.heic", [(1, b"hvc1", False, bits, [hvcc, ispe(96, 64), box(b"imir", b"\1")])], 1)

    pieces = list(tiles(work, scene, 64, 2, 1))
    numbers = range(2, 2 + len(pieces))
    items = [(1, b"grid", False, grid(2, 1, 96, 64), [ispe(96, 64)])]
    items += [(n, b"hvc1", True, bits, [hvcc, ispe(64, 64)]) for n, (hvcc, bits) in zip(numbers, pieces)]
    heic(HERE / "grid.heic", items, 1, [(b"dimg", 1, *numbers)])

    # The primary picture is the second of three.
    other, other_bits = compressed(work / "mirrored.heic")
    hvcc, bits = compressed(work / "plain.heic")
    heic(HERE / "several.heic", [
        (1, b"hvc1", False, other_bits, [other, ispe(96, 64)]),
        (2, b"hvc1", False, bits, [hvcc, ispe(96, 64)]),
        (3, b"hvc1", False, other_bits, [other, ispe(96, 64)]),
    ], 2)

    lossy = ["-s", 4, "--min", 2, "--max", 6, "-y", 444]
    run("avifenc", *lossy, SCENE, HERE / "plain.avif")
    run("avifenc", *lossy, work / "alpha.png", HERE / "alpha.avif")
    run("avifenc", *lossy, "-d", 10, SCENE, HERE / "deep.avif")
    run("avifenc", *lossy, work / "sideways.jpg", HERE / "turned.avif")
    scene.resize((192, 128), Image.NEAREST).save(work / "doubled.png")
    run("avifenc", *lossy, "-g", "2x1", work / "doubled.png", HERE / "grid.avif")

    run("cjxl", SCENE, HERE / "plain.jxl", "-d", 0.5)
    run("cjxl", work / "alpha.png", HERE / "alpha.jxl", "-d", 0)
    run("cjxl", work / "deep.png", HERE / "deep.jxl", "-d", 0.5)
    run("cjxl", work / "sideways.jpg", HERE / "turned.jxl", "-d", 0.5, "-j", 0)
    run("cjxl", work / "sideways.jpg", HERE / "from-jpeg.jxl")


# Pillow writes no PNG of 16 bits in colour.
DEEP = """
import struct, sys, zlib
from PIL import Image
picture = Image.open(sys.argv[2]).convert("RGB")
rows = b"".join(b"\\0" + b"".join(bytes([v, v]) for x in range(picture.width) for v in picture.getpixel((x, y)))
                for y in range(picture.height))
def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
open(sys.argv[1], "wb").write(b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", *picture.size, 16, 2, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))
"""

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        if len(sys.argv) == 3:
            large(Path(folder), *map(int, sys.argv[1].split("x")), Path(sys.argv[2]))
        else:
            main(Path(folder))
