"""Measures an exported model as the service uses it: python evaluate.py [--model DIR] [--verbose]

Or, with --run DIR, the newest checkpoint of a training run; with --int8 as well, with its linear layers in 8-bit integers, as
scripts/get-model makes them of a full-size model.

Held-out scenes: the JPEG files of samples, query "a picture of X". Scenes of two and three things: drawn here
with a seed of their own, query "a picture of A and B" (", B and C"). Another artist: the same 500 things as Twemoji draws them,
which training never saw. R@k: the share of queries whose scene is among the first k of 500, by cosine.

Two-way: 250 scenes each, drawn here; the share where the true sentence is nearer to the scene than the same sentence with its
words swapped, or one of them exchanged.
"""

import argparse
import io
import json
import os

import numpy
import torch
from PIL import Image
from tokenizers import Tokenizer
from torch import Tensor

from demo import FOLDER
from captions import plural, truncating, with_article
from preprocess import embed_images, embed_texts
from scenes import COLOUR_NAMES, paint
from things import HERE, SHAPES, UNSEEN_ARTIST, Thing, read_things, sprites_by

MODEL = os.path.join(os.path.dirname(os.path.dirname(HERE)), "models", "mini-clip")
QUERIES = (
    "cat", "a dog", "hot drink", "a red apple", "bike", "coffee", "pet", "music instrument", "tool", "wild animal",
    "winter snow", "flower", "fruit", "a car", "a big red heart", "dessert", "sea animal", "two dogs",
    "a guitar on a blue background", "something to eat with cheese",
)


def read_scenes() -> list[tuple[str, str, str]]:
    with open(os.path.join(FOLDER, "scenes.tsv"), encoding="utf-8") as lines:
        return [tuple(line.rstrip("\n").split("\t")) for line in list(lines)[1:]]


def open_model(folder: str):
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    with open(os.path.join(folder, "model.json"), encoding="utf-8") as lines:
        tokenizer.enable_truncation(json.load(lines)["text"]["contextLength"])
    load = lambda name: torch.jit.load(os.path.join(folder, name)).eval()  # noqa: E731
    return load("image-encoder.pt"), load("text-encoder.pt"), tokenizer


def open_run(folder: str, int8: bool):
    from train import Pair

    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    pair = Pair(tokenizer.get_vocab_size())
    pair.load_state_dict(torch.load(os.path.join(folder, "checkpoint.pt"))["smooth"])
    pair.eval()
    if int8:
        quantized = torch.ao.quantization.quantize_dynamic
        return quantized(pair.image, {torch.nn.Linear}), quantized(pair.text, {torch.nn.Linear}), truncating(tokenizer)
    return pair.image, pair.text, truncating(tokenizer)


def recall(texts: Tensor, images: Tensor) -> dict[str, float]:
    scores = texts @ images.T
    ranks = (scores > scores.diagonal()[:, None]).sum(1)
    return {f"R@{k}": round((ranks < k).float().mean().item(), 4) for k in (1, 5, 10)}


def through_jpeg(picture: Image.Image) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    return Image.open(file)


def crowd(count: int, scenes: int = 500) -> tuple[list[Image.Image], list[str]]:
    """Scenes of several things, each through JPEG, and their queries."""
    chance = numpy.random.default_rng(7000 + count)
    drawn = [thing for thing in read_things() if thing.codepoints]
    pictures, queries = [], []
    for _ in range(scenes):
        things = [drawn[number] for number in chance.choice(len(drawn), count, replace=False)]
        pictures.append(through_jpeg(paint(things, chance)))
        names = [thing.name for thing in things]
        queries.append("a picture of " + ", ".join(names[:-1]) + " and " + names[-1])
    return pictures, queries


def by_another_artist(names: list[str]) -> list[Image.Image]:
    """Scenes of the things with these names as an artist draws them whom training never saw."""
    chance = numpy.random.default_rng(8000)
    things = {thing.name: thing for thing in read_things()}
    drawn_by = lambda thing: sprites_by(UNSEEN_ARTIST, thing)  # noqa: E731
    return [through_jpeg(paint([things[name]], chance, drawn_by=drawn_by)) for name in names]


def two_way(kind: str, scenes: int = 250) -> tuple[list[Image.Image], list[str], list[str]]:
    """Scenes, the true sentence about each, and the swapped one."""
    chance = numpy.random.default_rng([9000, *kind.encode()])
    things = [thing for thing in read_things() if thing.codepoints]
    shapes = {thing.name: thing for thing in read_things() if not thing.codepoints}
    pictures, true, swapped = [], [], []

    def add(shown: list[Thing], sentence: str, other: str, **how) -> None:
        pictures.append(through_jpeg(paint(shown, chance, **how)))
        true.append("a picture of " + sentence)
        swapped.append("a picture of " + other)

    for _ in range(scenes):
        a, b, c = (things[number] for number in chance.choice(len(things), 3, replace=False))
        red, blue = chance.choice(COLOUR_NAMES, 2, replace=False)
        if kind == "colours of thing and background":
            say = lambda paint, ground: f"{with_article(f'{paint} {a.bare_name}')} on {with_article(ground)} background"  # noqa: E731
            add([a], say(red, blue), say(blue, red), paints=[red], ground=blue)
        elif kind == "colours of two things":
            say = lambda *paints: " and ".join(with_article(f"{p} {t.bare_name}") for p, t in zip(paints, (a, b)))  # noqa: E731
            add([a, b], say(red, blue), say(blue, red), paints=[red, blue])
        elif kind == "colours of two shapes":
            first, second = chance.choice(SHAPES, 2, replace=False)
            say = lambda p, q: f"{with_article(f'{p} {first}')} and {with_article(f'{q} {second}')}"  # noqa: E731
            add([shapes[f"{red} {first}"], shapes[f"{blue} {second}"]], say(red, blue), say(blue, red))
        elif kind == "two or three":
            words, few = ("two", "three"), int(chance.integers(2))
            add([a] * (few + 2), f"{words[few]} {plural(a.name)}", f"{words[1 - few]} {plural(a.name)}")
        elif kind == "one or two":
            words, few = (with_article(a.name), "two " + plural(a.name)), int(chance.integers(2))
            add([a] * (few + 1), words[few], words[1 - few])
        elif kind == "two of which":
            say = lambda many, one: f"two {plural(many.name)} and {with_article(one.name)}"  # noqa: E731
            add([a, a, b], say(a, b), say(b, a))
        elif kind == "pairs":
            say = lambda first, second: f"{with_article(first.name)} and {with_article(second.name)}"  # noqa: E731
            add([a, b], say(a, b), say(a, c))
    return pictures, true, swapped


TWO_WAY = ("colours of thing and background", "colours of two things", "colours of two shapes", "two or three", "one or two",
           "two of which", "pairs")


def measure(image_encoder, text_encoder, tokenizer, verbose: bool = False) -> dict:
    scenes = read_scenes()
    images = embed_images(image_encoder, [Image.open(os.path.join(FOLDER, file)) for file, _, _ in scenes])
    texts = embed_texts(text_encoder, tokenizer, [query for _, _, query in scenes])
    result = {"one thing": recall(texts, images)}
    for prefix in ("", "a "):
        bare = embed_texts(text_encoder, tokenizer, [prefix + name for _, name, _ in scenes])
        result[f'one thing, query "{prefix}X"'] = recall(bare, images)
    for count in (2, 3):
        pictures, queries = crowd(count)
        result[f"{count} things"] = recall(embed_texts(text_encoder, tokenizer, queries), embed_images(image_encoder, pictures))
    other = embed_images(image_encoder, by_another_artist([name for _, name, _ in scenes]))
    result["one thing, another artist"] = recall(texts, other)
    shares = []
    for kind in TWO_WAY:
        pictures, true, swapped = two_way(kind)
        embedded = embed_images(image_encoder, pictures)
        nearer = [(embed_texts(text_encoder, tokenizer, said) * embedded).sum(1) for said in (true, swapped)]
        shares.append((nearer[0] > nearer[1]).float().mean().item())
        result[f"two-way: {kind}"] = {"right": round(shares[-1], 4)}
    result["two-way: all"] = {"right": round(sum(shares) / len(shares), 4)}
    if verbose:
        names = [name for _, name, _ in scenes]
        for row, scores in enumerate(texts @ images.T):
            rank = int((scores > scores[row]).sum()) + 1
            if rank > 1:
                print(f"miss: {names[row]} (rank {rank}): {_nearest(scores, names)}")
        for query, scores in zip(QUERIES, embed_texts(text_encoder, tokenizer, list(QUERIES)) @ images.T):
            print(f"{query!r}: {_nearest(scores, names)}")
    return result


def _nearest(scores: Tensor, names: list[str], count: int = 4) -> str:
    best = scores.topk(count)
    return ", ".join(f"{names[column]} {score:.2f}" for column, score in zip(best.indices.tolist(), best.values.tolist()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--run")
    parser.add_argument("--int8", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    opened = open_run(options.run, options.int8) if options.run else open_model(options.model)
    for what, figures in measure(*opened, verbose=options.verbose).items():
        print(f"{what}: " + ", ".join(f"{name} {100 * figure:.1f} %" for name, figure in figures.items()))


if __name__ == "__main__":
    main()
