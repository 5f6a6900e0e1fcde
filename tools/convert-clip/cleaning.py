"""What the libraries do to a text before their tokenizers see it, as normalizers of a tokenizer.json."""

import string
import unicodedata

SPACE = r"[\s\x1c-\x1f]+"


def replace(what: str, by: str) -> dict:
    return {"type": "Replace", "pattern": {"String": what}, "content": by}


def substitute(regex: str, by: str) -> dict:
    return {"type": "Replace", "pattern": {"Regex": regex}, "content": by}


def _one_of(characters: str) -> str:
    return "[" + "".join("\\" + one if one in string.punctuation else one for one in characters) + "]"


# Python's lower() knows the sigma at the end of a word; the tokenizers' own Lowercase looks at one character at a time.
LOWER = [substitute(r"(?<=\p{L})Σ(?!\p{L})", "ς"), {"type": "Lowercase"}]
ONE_SPACE = [substitute(SPACE, " "), {"type": "Strip", "strip_left": True, "strip_right": True}]
NO_PUNCTUATION = [substitute(_one_of(string.punctuation), "")]

LIGATURES = {"Ĳ": "IJ", "ĳ": "ij", "ŉ": "ʼn", "Ǳ": "DZ", "ǲ": "Dz", "ǳ": "dz", "Ǆ": "DŽ", "ǅ": "Dž", "ǆ": "dž", "Ǉ": "LJ",
             "ǈ": "Lj", "ǉ": "lj", "Ǌ": "NJ", "ǋ": "Nj", "ǌ": "nj", "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl",
             "ﬅ": "ſt", "ﬆ": "st"}
ENTITIES = [("&nbsp;", "\u00a0"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&#39;", "'"), ("&#34;", '"'),
            ("&hellip;", "…"), ("&ndash;", "–"), ("&mdash;", "—"), ("&lsquo;", "‘"), ("&rsquo;", "’"), ("&ldquo;", "“"),
            ("&rdquo;", "”"), ("&copy;", "©"), ("&reg;", "®"), ("&trade;", "™"), ("&euro;", "€"), ("&amp;", "&")]


def _repairs() -> list[dict]:
    """The frequent ones of what open_clip's cleaning repairs with ftfy and html.unescape."""
    steps = [substitute(r"\x1b\[[0-9;]*[a-zA-Z]", "")]
    # Letters and quotes in UTF-8 that were read as Windows-1252.
    for one in [*map(chr, range(0xC0, 0x100)), *"–—‘’“”•…"]:
        try:
            steps.append(replace(one.encode().decode("windows-1252"), one))
        except UnicodeDecodeError:
            pass
    for code in range(0x80, 0xA0):
        try:
            steps.append(replace(chr(code), bytes([code]).decode("windows-1252")))
        except UnicodeDecodeError:
            pass
    steps += [replace(left, right) for left, right in LIGATURES.items()]
    steps.append(replace("\u3000", " "))
    for code in range(0xFF01, 0xFFF0):
        alike = unicodedata.normalize("NFKC", chr(code))
        if alike != chr(code):
            steps.append(replace(chr(code), alike))
    steps += [substitute("[ʼ‘-‛]", "'"), substitute("[“-‟]", '"'), substitute(r"\r\n|[\r\u2028\u2029\x85]", "\n"),
              substitute("[\\x00-\\x08\\x0b\\x0e-\\x1f\\x7f\u206a-\u206f\ufeff\ufff9-\ufffc]", ""), {"type": "NFC"}]
    # "&amp;amp;" is unescaped more than once.
    steps += 3 * [replace(left, right) for left, right in ENTITIES]
    return steps


OPEN_CLIP = {
    "whitespace": lambda: _repairs() + ONE_SPACE,
    "lower": lambda: _repairs() + ONE_SPACE + LOWER,
    "canonicalize": lambda: _repairs() + [replace("_", " ")] + NO_PUNCTUATION + LOWER + ONE_SPACE,
}


def before(steps: list[dict], document: dict) -> dict:
    """The tokenizer with these steps before its own."""
    own = document.get("normalizer")
    own = [] if own is None else own["normalizers"] if own["type"] == "Sequence" else [own]
    return {**document, "normalizer": {"type": "Sequence", "normalizers": steps + own}}
