"""The things the model knows: chosen from the emoji of one font, named by Unicode CLDR.

`python things.py` writes things.tsv anew (codepoints, name, keywords). Everything else only reads that file, so the
choice is visible in one place and does not move when Debian ships a newer CLDR.
"""

import os
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

import numpy
from PIL import Image, ImageDraw, ImageFont

HERE = os.path.dirname(os.path.abspath(__file__))
THINGS_FILE = os.path.join(HERE, "things.tsv")
FONT_FILE = os.environ.get("EMOJI_FONT", "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
UNICODE_DIR = os.environ.get("UNICODE_DIR", "/usr/share/unicode")

ART_DIR = os.environ.get("EMOJI_ART", os.path.join(HERE, "../../target/mini-clip/art"))  # filled by ./art
# Who else drew the same things. Training looks at the first two; the last is only ever measured.
TRAINING_ARTISTS = ("fluent-flat", "fluent-3d")
UNSEEN_ARTIST = "twemoji"

STRIKE = 109  # the only size the font's bitmaps come in; a glyph is 136x128
SPRITE = 136

COLOURS = {
    "red": (220, 40, 40), "orange": (245, 140, 30), "yellow": (250, 215, 50), "green": (50, 160, 70),
    "blue": (45, 100, 220), "purple": (140, 60, 180), "pink": (250, 150, 190), "brown": (125, 80, 45),
    "grey": (130, 130, 130), "black": (25, 25, 25), "white": (248, 248, 248),
}
SHAPES = ("circle", "square", "triangle", "rectangle", "ring")

# Subgroups of emoji-test.txt taken whole, but for DROPPED.
SUBGROUPS = """
animal-mammal animal-bird animal-amphibian animal-reptile animal-marine animal-bug plant-flower plant-other
food-fruit food-vegetable food-prepared food-asian food-marine food-sweet drink dishware
place-map place-geographic place-building place-religious place-other transport-ground transport-water transport-air
hotel sport game event award-medal clothing music musical-instrument phone computer light-video book-paper
money mail writing office lock tool science medical household other-object arts-crafts sound body-parts
""".split()

# Single ones out of subgroups that are otherwise too much alike.
TAKEN = """
1f47b 1f47d 1f47e 1f916 1f480 1f4a9 1f921 1f479 1f47a 1f920 1f60e 1f913 1f973
1f44d 270c 1f44f 1f91d 1f64f 270d 1f485 1f933 1f476 1f46e 1f575 1f482 1f977 1f477 1f478 1f385 1f9b8 1f9d9 1f9da 1f9db
1f9dc 1f9de 1f9df 1f9cc 1f483 1f57a 26f7 1f3c2 1f3c7 1f3c4 1f6a3 1f3ca 1f6b4 1f3cb 1f93a 1f3cc 1f9d7 1f9d8 1f6c0 1f6cc
1f463 1f498 1f494 2764 1f48c 1f4a5 1f48b 1f4ac 1f4ad 1f573
231b 231a 23f0 23f1 1f570 1f315 1f319 2600 1f31e 1f321 1fa90 2b50 1f320 1f30c 2601 26c5 26c8 1f327 1f328 1f329 1f32a
1f32c 1f300 1f308 1f302 2602 26f1 26a1 2744 2603 2604 1f525 1f4a7 1f30a 26a0 26d4 2622 2623 267b 1f3c1 1f6a9
""".split()

# Too much like another one in the set, or not a thing that one would name.
DROPPED = """
1f9ae 1f402 1f42b 1f400 2618 1f30e 1f30f 1f3d4 1f683 1f688 1f68b 1f69e 1f686 1f9bc 1f6a5 1f6eb 1f6ec 1f6a0 1f948 1f949 1f3ab
1f507 1f508 1f509 1f515 1f3b5 1f4f2 1faab 1f4f8 1f50e 1f4d8 1f4d9 1f4c4 1f4c6 1f5d3 1f4b4 1f4b6 1f4b7 1f4b9 1f4e8 1f4e9
1f4e4 1f4ea 1f4ec 1f4ed 1f4c2 1f587 1f513 1f50f 1f510 2692 1f301 2660 2665 2666 2663 1f69f 1f5ef 1f5e8 1f4b8 1f4d3
1f4c3 1f58a 1f4fd 1f39e 1f5b2 1f517 1fae6 1f3e3 1f4d2
1f9bb 1f9bf 1f6c0 1f6cc 26f1 1f3d8 1f3e1 1f3e4 1f3ec 1f306 1f304 1f387 1f684 1f689 1f6f3 26f4 1f6e5 1f6e9 1f329 1f328
1f947 1f4bd 1f6e0 1f5c2 1f374 1f4c9 1f4ae 1f38d 1f391 1f3b4 1faac 26b1 1fae7 1fad7 1f362 1fad4 1f9c6 1f358 1f959 1f573
1f9cc 1f4e2 1f4d4 1f5de 1f4d1 1fa98 2712 1f9af 1faa2 1f38b 1f343 1f30c 1f32c 1f997
""".split()

# Two drawings of one thing: the second is drawn under the first one's name.
SAME = {
    "1f436": "1f415", "1f431": "1f408", "1f434": "1f40e", "1f42e": "1f404", "1f437": "1f416", "1f42d": "1f401",
    "1f430": "1f407", "1f42f": "1f405", "1f435": "1f412", "1f432": "1f409", "1f425": "1f424", "1f433": "1f40b",
    "1f68d": "1f68c", "1f694": "1f693", "1f696": "1f695", "1f698": "1f697",
}


@dataclass(frozen=True)
class Thing:
    name: str
    keywords: tuple[str, ...]
    codepoints: tuple[str, ...]  # empty: a coloured shape

    @property
    def colour(self) -> str:
        """The colour that the name tells, "" if none."""
        return next((word for word in self.name.split() if word in COLOURS), "")

    @property
    def bare_name(self) -> str:
        """The name without its colour: what a repainted one is called."""
        return " ".join(word for word in self.name.split() if word not in COLOURS)


def read_things() -> list[Thing]:
    """All things, the drawn ones first, in the order of things.tsv, then the coloured shapes."""
    things = []
    with open(THINGS_FILE, encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            codepoints, name, keywords = line.rstrip("\n").split("\t")
            things.append(Thing(name, tuple(filter(None, keywords.split("|"))), tuple(codepoints.split(","))))
    for colour in COLOURS:
        for shape in SHAPES:
            things.append(Thing(f"{colour} {shape}", (colour, shape), ()))
    return things


def sprites(thing: Thing) -> list[Image.Image]:
    """The thing's drawings, RGBA, SPRITE pixels square."""
    if not thing.codepoints:
        return [_shape(*thing.name.split(" "))]
    font = ImageFont.truetype(FONT_FILE, STRIKE)
    drawings = []
    for codepoint in thing.codepoints:
        image = Image.new("RGBA", (SPRITE, SPRITE), (0, 0, 0, 0))
        text = chr(int(codepoint, 16))
        left, top, right, bottom = font.getbbox(text)
        at = ((SPRITE - (right - left)) // 2 - left, (SPRITE - (bottom - top)) // 2 - top)
        ImageDraw.Draw(image).text(at, text, font=font, embedded_color=True)
        drawings.append(image)
    return drawings


def sprites_by(artist: str, thing: Thing) -> list[Image.Image]:
    """Another artist's drawings of the thing, RGBA, SPRITE pixels square; empty if there are none."""
    drawings = []
    for codepoint in thing.codepoints:
        found = [path for path in (os.path.join(ART_DIR, artist, name + end)
                                   for name in (codepoint, codepoint + "-fe0f") for end in (".png", ".webp"))
                 if os.path.exists(path)]
        if found:
            drawings.append(Image.open(found[0]).convert("RGBA").resize((SPRITE, SPRITE), Image.Resampling.LANCZOS))
    return drawings


def _shape(colour: str, shape: str) -> Image.Image:
    image = Image.new("RGBA", (SPRITE * 4, SPRITE * 4), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    low, high, middle, fill = 20, SPRITE * 4 - 20, SPRITE * 2, COLOURS[colour] + (255,)
    if shape == "circle":
        draw.ellipse((low, low, high, high), fill=fill)
    elif shape == "square":
        draw.rectangle((low + 40, low + 40, high - 40, high - 40), fill=fill)
    elif shape == "triangle":
        draw.polygon(((middle, low + 10), (high, high - 40), (low, high - 40)), fill=fill)
    elif shape == "rectangle":
        draw.rectangle((low, middle - 120, high, middle + 120), fill=fill)
    elif shape == "ring":
        draw.ellipse((low, low, high, high), outline=fill, width=85)
    return image.resize((SPRITE, SPRITE), Image.Resampling.BOX)


def premultiplied(image: Image.Image, size: int) -> numpy.ndarray:
    """The drawing at another size as float RGBA in 0..1, its colours multiplied by its alpha."""
    pixels = numpy.asarray(image, dtype=numpy.float32) / 255.0
    pixels[..., :3] *= pixels[..., 3:]
    bands = [Image.fromarray(pixels[..., band]).resize((size, size), Image.Resampling.BOX) for band in range(4)]
    return numpy.stack([numpy.asarray(band) for band in bands], axis=-1)


def _choose() -> list[Thing]:
    from fontTools.ttLib import TTFont

    drawn = TTFont(FONT_FILE).getBestCmap()
    names, keywords = {}, {}
    for part in ("annotations",):
        root = ElementTree.parse(os.path.join(UNICODE_DIR, "cldr/common", part, "en.xml")).getroot()
        for annotation in root.iter("annotation"):
            if annotation.get("type") == "tts":
                names[annotation.get("cp")] = annotation.text.strip()
            else:
                keywords[annotation.get("cp")] = [word.strip() for word in annotation.text.split("|")]

    chosen: dict[str, Thing] = {}
    with open(os.path.join(UNICODE_DIR, "emoji/emoji-test.txt"), encoding="utf-8") as lines:
        subgroup = ""
        for line in lines:
            if line.startswith("# subgroup:"):
                subgroup = line.split(":")[1].strip().replace(" & ", "-")
            if "; fully-qualified" not in line:
                continue
            text = "".join(chr(int(part, 16)) for part in line.split(";")[0].split()).replace("\ufe0f", "")
            codepoint = f"{ord(text):x}" if len(text) == 1 else ""
            wanted = codepoint in TAKEN or subgroup in SUBGROUPS
            if not codepoint or not wanted or codepoint in DROPPED or ord(text) not in drawn or text not in names:
                continue
            name = names[text].replace("\u2019", "'").replace(":", "")
            words = [word.replace("\u2019", "'") for word in keywords.get(text, []) if word != names[text]]
            chosen[codepoint] = Thing(name, tuple(words), (codepoint,))
    for second, first in SAME.items():
        words = dict.fromkeys(chosen[first].keywords + chosen[second].keywords)
        chosen[first] = Thing(chosen[first].name, tuple(words), (first, second))
        del chosen[second]
    things = list(chosen.values())
    duplicates = len(things) - len({thing.name.lower() for thing in things})
    if duplicates:
        raise ValueError(f"{duplicates} names occur twice")
    return things


def main() -> None:
    things = _choose()
    with open(THINGS_FILE, "w", encoding="utf-8") as out:
        out.write("codepoints\tname\tkeywords\n")
        for thing in things:
            out.write(f"{','.join(thing.codepoints)}\t{thing.name}\t{'|'.join(thing.keywords)}\n")
    print(f"{len(things)} things")


if __name__ == "__main__":
    main()
