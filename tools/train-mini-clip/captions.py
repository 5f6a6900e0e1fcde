"""Sentences about scenes, and the tokenizer that reads them."""

import random
import unicodedata

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from model import CONTEXT_LENGTH
from things import COLOURS, Thing

SPECIAL = ["<|pad|>", "<|startoftext|>", "<|endoftext|>"]
VOCABULARY = 3000

ONE = (
    "a picture of {x}", "a picture of {x}", "a picture of {x}", "{x}", "{x}", "{x}", "a photo of {x}", "an image of {x}",
    "picture of {x}", "photo of {x}", "image of {x}", "a drawing of {x}", "an emoji of {x}", "show me {x}", "find {x}",
    "there is {x}", "this is {x}", "pictures of {x}", "{x} picture", "one {n}", "where is {x}?", "i want to see {x}",
    "a {s} {n}", "a picture of a {s} {n}", "{s} {n}", "a cute {n}", "my {n}", "a photo of my {n}", "some {n}",
)
PLAIN = ("a picture of {x}", "a picture of {x}", "{x}", "{x}", "a photo of {x}", "an image of {x}", "there is {x}")
ON_BACKGROUND = ("{x} on a {b} background", "a picture of {x} on a {b} background", "{x} on {b}", "{x}, {b} background",
                 "{x} on a {b} background", "{x} in front of a {b} wall", "a photo of {x} on a {b} background")
SEVERAL = ("a picture of {x}", "a picture of {x}", "{x}", "{x}", "a photo of {x}", "an image of {x}", "picture of {x}",
           "there are {x}", "a picture with {x}", "{x} together")
NUMBERS = {2: ("two {p}", "2 {p}", "a picture of two {p}", "a pair of {p}"),
           3: ("three {p}", "3 {p}", "a picture of three {p}")}


def plural(name: str) -> str:
    if name.endswith(("s", "x", "ch", "sh")):
        return name if name.endswith("s") else name + "es"
    if name.endswith("y") and name[-2] not in "aeiou":
        return name[:-1] + "ies"
    return name + "s"


def with_article(name: str) -> str:
    return ("an " if name[0].lower() in "aeiou" else "a ") + name


def phrase(name: str, chance: random.Random) -> str:
    """The name as people write it: bare, with an article, without its accents."""
    if not name.isascii() and chance.random() < 0.5:
        name = unicodedata.normalize("NFD", name).encode("ascii", "ignore").decode()
    pick = chance.random()
    if pick < 0.5:
        return name
    if pick < 0.85:
        return with_article(name)
    return "the " + name if pick < 0.93 else plural(name)


def about_names(names: list[str], size: float, background: str, chance: random.Random) -> str:
    """A sentence that names every thing in the list. Equal names are counted: "two dogs"."""
    if len(names) > 1 and len(set(names)) == 1:
        return chance.choice(NUMBERS[len(names)]).format(p=plural(names[0]))
    if len(names) == 1:
        if background and chance.random() < 0.2:
            return chance.choice(ON_BACKGROUND).format(x=phrase(names[0], chance), b=background)
        word = chance.choice(("big", "large")) if size > 0.7 else chance.choice(("small", "little", "tiny"))
        return chance.choice(ONE).format(x=phrase(names[0], chance), n=names[0], s=word)
    names = list(dict.fromkeys(names))
    chance.shuffle(names)
    parts = [phrase(name, chance) for name in names]
    joined = ", ".join(parts[:-1]) + chance.choice((" and ", " and ", " with ", " next to ", ", ")) + parts[-1]
    if background and chance.random() < 0.15:
        return f"{joined} on a {background} background"
    return chance.choice(SEVERAL).format(x=joined)


def counted(count: int, name: str, chance: random.Random) -> str:
    """ "a dog", "one dog", "two dogs", "3 dogs". """
    if count == 1:
        return chance.choice((with_article(name), "one " + name))
    return chance.choice((("two", "2"), ("three", "3"))[count - 2]) + " " + plural(name)


def about_parts(parts: list[str], ground: str, chance: random.Random) -> str:
    """A sentence about things that are described in full already: "a red dog", "two cats"."""
    chance.shuffle(parts)
    joined = chance.choice((" and ", " and ", " and ", " with ", " next to ", ", ")).join(parts)
    if ground:
        return chance.choice(ON_BACKGROUND).format(x=joined, b=ground)
    return chance.choice(SEVERAL[:-1] if len(parts) > 1 else PLAIN).format(x=joined)


def about_keywords(keywords: list[str], chance: random.Random) -> str:
    joined = chance.choice((" ", " ", ", ")).join(keywords)
    template = chance.choice(("{x}", "{x}", "{x}", "a picture of {x}", "a {x}", "a photo of {x}", "something {x}"))
    return template.format(x=joined)


def train_tokenizer(things: list[Thing]) -> Tokenizer:
    """Byte-level BPE over the words of the captions: reads any text, and knows our words whole."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.NFC(), normalizers.Lowercase(), normalizers.Replace("\u2019", "'"),
        normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip(),
    ])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    chance = random.Random(0)
    corpus = []
    for thing in things:
        for _ in range(12):
            corpus.append(about_names([thing.name], 0.5, chance.choice(list(COLOURS)), chance))
            corpus.append(plural(thing.name))
        corpus.extend(list(thing.keywords) * 3)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=SPECIAL, min_frequency=3, show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(corpus, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{SPECIAL[1]} $A {SPECIAL[2]}", pair=f"{SPECIAL[1]} $A {SPECIAL[2]} $B:1 {SPECIAL[2]}:1",
        special_tokens=[(SPECIAL[1], 1), (SPECIAL[2], 2)],
    )
    return tokenizer


def truncating(tokenizer: Tokenizer) -> Tokenizer:
    """A copy that cuts to the context length, as the service does; the file itself leaves that open."""
    copy = Tokenizer.from_str(tokenizer.to_str())
    copy.enable_truncation(CONTEXT_LENGTH)
    return copy
