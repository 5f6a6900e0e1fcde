"""How people ask for a thing: noise around it, plurals, synonyms, typos, its names in other languages; and the tokenizer for all that.

Everything is a text and the plain caption that means the same, so that a text encoder can learn the first from what an older one makes of
the second. What `held` says is never trained with: evaluate_words.py asks with it.
"""

import os
import random
import re
import string
import unicodedata
import xml.etree.ElementTree as ElementTree
from collections import Counter
from functools import cache

from tokenizers import AddedToken, Regex, Tokenizer, normalizers

from captions import plural, with_article
from things import COLOURS, HERE, UNICODE_DIR, Thing, read_things

WORDNET_DIR = os.environ.get("WORDNET_DIR", "/usr/share/wordnet")
SYNONYMS_FILE = os.path.join(HERE, "synonyms.tsv")

# In evaluate_words.py the first ten are measured.
LANGUAGES = ("de", "fr", "es", "it", "pt", "nl", "pl", "ru", "ja", "zh", "ko", "tr", "sv", "uk", "ar", "hi")

NOTHING = ""  # what a word means that says nothing of what is seen

IN_A_LANGUAGE = {
    "de": ("ein Bild von {x}", "Foto von {x}", "zeig mir {x}", "{x} Bild"),
    "fr": ("une image de {x}", "photo de {x}", "montre-moi {x}"),
    "es": ("una imagen de {x}", "foto de {x}", "muéstrame {x}"),
    "it": ("un'immagine di {x}", "foto di {x}", "mostrami {x}"),
    "pt": ("uma imagem de {x}", "foto de {x}", "mostre-me {x}"),
    "nl": ("een afbeelding van {x}", "foto van {x}", "laat me {x} zien"),
    "pl": ("zdjęcie {x}", "obraz {x}", "pokaż mi {x}"),
    "ru": ("картинка {x}", "фото {x}", "покажи {x}"),
    "ja": ("{x}の写真", "{x}の絵"),
    "zh": ("{x}的照片", "一张{x}的图片"),
    "ko": ("{x} 사진", "{x} 그림"),
    "tr": ("{x} resmi", "{x} fotoğrafı"),
    "sv": ("en bild på {x}", "foto av {x}"),
    "uk": ("зображення {x}", "фото {x}"),
    "ar": ("صورة {x}", "أرني {x}"),
    "hi": ("{x} की तस्वीर", "{x} का चित्र"),
}

ADJECTIVES = """
beautiful nice pretty lovely gorgeous amazing awesome cool great good best funny happy sad angry old new young ancient modern vintage
retro antique fancy elegant stylish cheap expensive luxury simple plain fresh delicious tasty yummy sweet hot cold warm wet dry clean dirty
broken shiny bright dark colourful colorful wooden plastic metal golden silver realistic cartoon animated hand-drawn drawn painted abstract
minimal minimalist flat isolated transparent famous popular rare common typical traditional local wild tame sleepy sleeping running
standing sitting flying lonely single whole real fake perfect favourite favorite adorable sweet strange weird crazy scary spooky magical
soft hard round long short tall thin fat heavy light strong fast slow quiet loud cosy summer winter christmas
""".split()
HELD_ADJECTIVES = """
wonderful charming ugly stunning brand-new rusty sparkling graceful fluffy mysterious fantastic tired cheerful dusty impressive
""".split()

PLACES = """
table desk floor wall street beach hill mountain field farm garden park forest jungle desert river lake sea ocean sky water grass snow sand
sofa shelf box bag basket bowl plate kitchen bathroom bedroom office room house city village town market shop museum zoo school road bridge
roof tree branch boat island stage window screen poster card page book notebook wood stone ice ground rain sun moonlight dark distance
""".split()
HELD_PLACES = "balcony carpet meadow counter bench backyard riverbank countertop lawn terrace".split()

PHRASES = (
    "i am looking for {x}", "i'm looking for {x}", "i need {x}", "i want {x}", "can you find {x}", "could you show me {x} please", "please show {x}",
    "do you have {x}", "do you have any pictures of {x}", "give me {x}", "search {x}", "search for {x}", "find me {x}", "find all {x}", "show all {x}",
    "where is {x}", "where is the {n}", "which pictures show {x}", "what does {x} look like", "is there {x}", "are there any {p}",
    "{x} image", "{x} images", "{x} photo", "{x} photos", "{x} pic", "{x} pics", "{x} picture please", "{x} icon", "{x} clipart", "{x} drawing",
    "{x} emoji", "{x} wallpaper", "{x} hd", "{x} png", "{x} jpg", "{x} logo", "{x} sticker", "{x} illustration", "{x} close up", "close up of {x}",
    "a close-up of {x}", "a painting of {x}", "a sketch of {x}", "a cartoon of {x}", "an illustration of {x}", "a photograph of {x}", "a snapshot of {x}",
    "a blurry photo of {x}", "a good photo of {x}", "the photo with {x}", "the one with {x}", "something with {x}", "all my {p}", "every {n}",
    "any {n}", "that {n}", "this {n}", "our {n}", "your {n}", "his {n}", "her {n}", "only {x}", "just {x}", "mainly {x}", "lots of {p}", "many {p}",
    "a lot of {p}", "some {p}", "{p}", "the {p}", "pictures with {p}", "photos of {p}", "image of the {n}", "{x} from my holiday", "{x} last summer",
    "{x} at night", "{x} in the morning", "{x} at home", "{x} outside", "{x} up close", "{x} from above", "{x} seen from behind",
)
HELD_PHRASES = (
    "i would like to see {x}", "have you got {x}", "any photos with {x}", "{x} snapshot", "help me find {x}", "{x} in the background", "a nice shot of {x}",
    "my favourite {n}", "picture showing {x}", "{x} from the trip",
)
WHERE = ("{x} on {d} {w}", "{x} in {d} {w}", "{x} at {d} {w}", "{x} near {d} {w}", "{x} under {d} {w}", "{x} beside {d} {w}", "{x} in front of {d} {w}",
         "{x} behind {d} {w}", "{x} by {d} {w}", "{x} with {d} {w} behind it")
DETERMINERS = ("a", "the", "the", "a", "my", "")

NEIGHBOURS = {key: "".join(sorted(set(
    "".join(row[max(0, at - 1) : at + 2] for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm") for at in [row.find(key)] if at >= 0)) - {key}))
    for key in string.ascii_lowercase}


@cache
def synonyms() -> dict[str, list[str]]:
    """Thing's name to other words for it."""
    with open(SYNONYMS_FILE, encoding="utf-8") as lines:
        return {name: words.split("|") for name, words in (line.rstrip("\n").split("\t") for line in list(lines)[1:])}


@cache
def names_in(language: str) -> dict[str, str]:
    """English name of a thing to its name in the language, by Unicode CLDR."""
    root = ElementTree.parse(os.path.join(UNICODE_DIR, f"cldr/common/annotations/{language}.xml")).getroot()
    said = {row.get("cp"): row.text.strip() for row in root.iter("annotation") if row.get("type") == "tts"}
    names = {}
    for thing in read_things():
        for codepoint in thing.codepoints[:1]:
            name = said.get(chr(int(codepoint, 16))) or said.get(chr(int(codepoint, 16)) + "\ufe0f")
            if name:
                names[thing.name] = name.replace("\u2019", "'")
    return names


@cache
def known_words() -> set[str]:
    """Words that mean something to the model, so that they are no noise."""
    words = set(COLOURS) | {"big", "large", "small", "little", "tiny", "one", "two", "three", "background", "pair"}
    for thing in read_things():
        for text in (thing.name, *thing.keywords, *synonyms().get(thing.name, ())):
            for word in re.findall(r"\w+", text.lower()):
                words |= {word, plural(word)}
    return words


@cache
def common(part: str, held: bool) -> list[str]:
    """WordNet's single words of a part of speech (noun, verb, adj, adv) that its texts use and that mean nothing to the model."""
    letter = {"noun": "1", "verb": "2", "adj": "35", "adv": "4"}[part]
    counted: Counter = Counter()
    with open(os.path.join(WORDNET_DIR, "cntlist.rev"), encoding="utf-8") as lines:
        for line in lines:
            key, _, count = line.split(" ")
            word, sense = key.split("%")
            if sense[0] in letter and word.isalpha() and len(word) > 2 and word not in known_words():
                counted[word] += int(count)
    words = [word for word, _ in counted.most_common(4000)]
    return words[7::10] if held else [word for at, word in enumerate(words) if at % 10 != 7]


def pluralize(name: str) -> str:
    """As captions.plural, with the irregular ones that things need."""
    irregular = {"mouse": "mice", "goose": "geese", "foot": "feet", "tooth": "teeth", "leaf": "leaves", "wolf": "wolves", "knife": "knives", "man": "men",
                 "woman": "women", "scarf": "scarves", "loaf": "loaves", "shelf": "shelves", "calf": "calves", "cactus": "cacti", "potato": "potatoes",
                 "tomato": "tomatoes", "mango": "mangoes", "volcano": "volcanoes", "mosquito": "mosquitoes", "policeman": "policemen", "child": "children"}
    head, _, last = name.rpartition(" ")
    if last.endswith("s") and not last.endswith("ss"):
        return name
    return (head + " " if head else "") + irregular.get(last, plural(last))


def with_typo(text: str, chance: random.Random) -> str:
    """One letter of one word of four letters or more swapped with the next, dropped, doubled, added or struck beside its key."""
    places = [match.span() for match in re.finditer(r"[^\W\d_]{4,}", text)]
    if not places:
        return text
    start, end = chance.choice(places)
    word = text[start:end]
    for _ in range(8):
        at = chance.randrange(len(word))
        kind = chance.randrange(6)
        if kind <= 1:
            at = min(at, len(word) - 2)
            changed = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        elif kind == 2:
            changed = word[:at] + word[at + 1 :]
        elif kind == 3:
            changed = word[:at] + word[at] + word[at:]
        elif kind == 4:
            changed = word[:at] + chance.choice(string.ascii_lowercase) + word[at:]
        else:
            near = NEIGHBOURS.get(word[at].lower(), "") if chance.random() < 0.5 else string.ascii_lowercase
            changed = word[:at] + (chance.choice(near) if near else "") + word[at + 1 :]
        if changed != word:
            return text[:start] + changed + text[end:]
    return text


def unaccented(text: str) -> str:
    return unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode()


class Asker:
    """Draws texts as people type them."""

    def __init__(self, chance: random.Random, held: bool = False) -> None:
        self.chance, self.held = chance, held
        self.adjectives = HELD_ADJECTIVES if held else ADJECTIVES
        self.places = HELD_PLACES if held else PLACES
        self.phrases = HELD_PHRASES if held else PHRASES

    def noise(self, parts: tuple[str, ...]) -> str:
        return self.chance.choice(common(self.chance.choice(parts), self.held))

    def adjective(self) -> str:
        return self.chance.choice(self.adjectives) if self.chance.random() < 0.6 else self.noise(("adj",))

    def place(self) -> str:
        return self.chance.choice(self.places) if self.chance.random() < 0.7 else self.noise(("noun",))

    def bare(self, name: str) -> str:
        pick = self.chance.random()
        return name if pick < 0.45 else with_article(name) if pick < 0.85 else "the " + name

    def with_adjective(self, name: str) -> str:
        words = self.adjective() if self.chance.random() < 0.8 else f"{self.adjective()} {self.adjective()}"
        said = f"{words} {name}"
        pick = self.chance.random()
        return said if pick < 0.5 else with_article(said) if pick < 0.85 else "the " + said

    def in_phrase(self, name: str) -> str:
        return self.chance.choice(self.phrases).format(x=self.bare(name), n=name, p=pluralize(name))

    def somewhere(self, name: str) -> str:
        said = self.chance.choice(WHERE).format(x=self.bare(name), d=self.chance.choice(DETERMINERS), w=self.place())
        return " ".join(said.split())

    def among_words(self, name: str) -> str:
        """Words without a meaning before and after."""
        words = [self.noise(("noun", "verb", "adj", "adv")) for _ in range(self.chance.choice((1, 1, 2, 3)))]
        words.insert(self.chance.randrange(len(words) + 1), self.bare(name))
        return " ".join(words)

    def decorated(self, name: str) -> str:
        """A name with any of this around it."""
        kind = self.chance.choices((self.with_adjective, self.in_phrase, self.somewhere, self.among_words, self.bare), weights=(26, 28, 22, 12, 12))[0]
        said = kind(name)
        if self.chance.random() < 0.12:
            said = f"{self.chance.choice(('a picture of', 'a photo of', 'picture of', 'show me', 'find'))} {said}"
        return said

    def in_language(self, thing: Thing, language: str) -> str:
        name = names_in(language).get(thing.name, thing.name)
        if self.chance.random() < 0.2:
            name = self.chance.choice(IN_A_LANGUAGE[language]).format(x=name)
        if self.chance.random() < 0.08 and unaccented(name).strip() and language in ("de", "fr", "es", "it", "pt", "nl", "pl", "tr", "sv"):
            name = unaccented(name)
        return name


NORMALIZER = normalizers.Sequence([
    normalizers.NFKC(), normalizers.Lowercase(), normalizers.Replace("\u2019", "'"),
    # Marks between words mean nothing; an apostrophe or a hyphen inside of one does, and so does a symbol that is a picture.
    normalizers.Replace(Regex(r"[^\p{L}\p{M}\p{N}\p{So}\p{Sk}\u200d'\-\s]"), " "),
    normalizers.Replace(Regex(r"(?<![\p{L}\p{N}])['\-]+|['\-]+(?![\p{L}\p{N}])"), " "),
    normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip(),
])


def _runs(name: str) -> set[str]:
    """The name, and each part of it: as a part of a name a word means what it did before."""
    words = name.split()
    return {" ".join(words[first:end]) for first in range(len(words)) for end in range(first + 1, len(words) + 1)}


@cache
def lexicon() -> dict[str, str]:
    """Other words for things, and their names in the languages, lower-case, to the thing's name; and how one asks there, to NOTHING. What
    English means otherwise is left out."""
    taken = {"on", "in", "at", "of", "the", "a", "an", "and", "or", "with", "without", "is", "are", "there", "this", "that", "me", "my", "show", "find", "see", "to"}
    for phrase in (*PHRASES, *HELD_PHRASES, *WHERE, *(form for forms in IN_A_LANGUAGE.values() for form in forms)):
        taken.update(re.findall(r"\w+", re.sub(r"\{.\}", " ", phrase.lower())))
    english = known_words() | taken | set(ADJECTIVES) | set(PLACES) | set(HELD_ADJECTIVES) | set(HELD_PLACES)
    names = {said for thing in read_things() for said in _runs(NORMALIZER.normalize_str(thing.name))}
    words: dict[str, str] = {}
    for thing in read_things():
        for other in synonyms().get(thing.name, ()):
            for said in map(NORMALIZER.normalize_str, (other, pluralize(other))):
                if said not in names and said not in taken:
                    words.setdefault(said, thing.name)
    for language in LANGUAGES:
        for name, said in names_in(language).items():
            said = NORMALIZER.normalize_str(said)
            if said not in names and said not in english:
                words.setdefault(said, name)
                plain = NORMALIZER.normalize_str(unaccented(said))
                if plain not in names and plain not in english and len(plain) > 2 and sum(map(str.isascii, said)) > len(said) / 2:
                    words.setdefault(plain, name)
    for form in (form for forms in IN_A_LANGUAGE.values() for form in forms):
        for part in form.split("{x}"):
            words.setdefault(NORMALIZER.normalize_str(part), NOTHING)
    return {said: name for said, name in words.items() if len(said) > 1 or said and ord(said) > 0x2e80}


def extended(tokenizer: Tokenizer) -> tuple[Tokenizer, list[str]]:
    """The tokenizer without punctuation, and with a token for each word of the lexicon; and what thing each of these tokens names."""
    made = Tokenizer.from_str(tokenizer.to_str())
    made.normalizer = NORMALIZER
    # A part of a word that is a token already cannot be another one.
    words = {said: name for said, name in lexicon().items() if tokenizer.token_to_id(said) is None}
    # Scripts without blanks between words have no single words.
    made.add_tokens([AddedToken(said, lstrip=True, single_word=not 0x2e80 <= ord(said[0]) < 0xac00, normalized=True) for said in words])
    before = tokenizer.get_vocab_size()
    return made, [words[made.id_to_token(number)] for number in range(before, made.get_vocab_size())]
