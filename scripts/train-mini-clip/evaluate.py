"""Measures an exported model as the service uses it: python evaluate.py [--model DIR] [--verbose]

Held-out scenes: the JPEG files of scripts/demo-scenes, query "a picture of X". Scenes of two and three things: drawn here
with a seed of their own, query "a picture of A and B" (", B and C"). R@k: the share of queries whose scene is among the
first k of 500, by cosine.
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
from preprocess import embed_images, embed_texts
from scenes import paint
from things import HERE, read_things

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


def recall(texts: Tensor, images: Tensor) -> dict[str, float]:
    scores = texts @ images.T
    ranks = (scores > scores.diagonal()[:, None]).sum(1)
    return {f"R@{k}": round((ranks < k).float().mean().item(), 4) for k in (1, 5, 10)}


def crowd(count: int, scenes: int = 500) -> tuple[list[Image.Image], list[str]]:
    """Scenes of several things, each through JPEG, and their queries."""
    chance = numpy.random.default_rng(7000 + count)
    drawn = [thing for thing in read_things() if thing.codepoints]
    pictures, queries = [], []
    for _ in range(scenes):
        things = [drawn[number] for number in chance.choice(len(drawn), count, replace=False)]
        file = io.BytesIO()
        paint(things, chance).save(file, "JPEG", quality=85)
        pictures.append(Image.open(file))
        names = [thing.name for thing in things]
        queries.append("a picture of " + ", ".join(names[:-1]) + " and " + names[-1])
    return pictures, queries


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
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for what, figures in measure(*open_model(options.model), verbose=options.verbose).items():
        print(f"{what}: " + ", ".join(f"{name} {100 * figure:.1f} %" for name, figure in figures.items()))


if __name__ == "__main__":
    main()
