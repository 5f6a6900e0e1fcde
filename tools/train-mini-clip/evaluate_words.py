"""Measures what people type: python evaluate_words.py [--model DIR | --run DIR]

The 500 scenes of samples, asked for in each of the ways of words.py, with the noise that training is not given. A figure is the share of
questions whose scene is first, and that share of the plain form's. --run takes a folder of train_words.py.
"""

import argparse
import os
import random

import torch
from PIL import Image
from tokenizers import Tokenizer

from captions import truncating, with_article
from demo import FOLDER
from evaluate import MODEL, open_model, read_scenes
from model import TextEncoder
from preprocess import embed_images
from train import encode
from words import LANGUAGES, Asker, names_in, pluralize, synonyms, with_typo

TYPO_ROUNDS = 3
BATCH = 250


def open_words(folder: str):
    """Text encoder and tokenizer of a run."""
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    state = torch.load(os.path.join(folder, "checkpoint.pt"))["smooth"]
    encoder = TextEncoder(state["rows"])
    encoder.load_state_dict(state)
    return encoder.eval(), truncating(tokenizer)


def questions(names: list[str]) -> dict[str, list[tuple[str, int]]]:
    """For each way to ask: texts, and the number of the scene that each means."""
    chance = random.Random(2026)
    asker = Asker(chance, held=True)
    numbered = list(enumerate(names))
    ways: dict[str, list[tuple[str, int]]] = {"plain": [(name, at) for at, name in numbered]}
    for form in ('"{x}"', "'{x}'", "{x}!", "{x}?", "{x}.", "({x})", "{x}...", "#{x}", "*{x}*", "{X}", "\u201c{x}\u201d", "{x}!!!"):
        ways[f"punctuation {form}"] = [(form.format(x=name, X=name.upper()), at) for at, name in numbered]
    ways["beautiful X"] = [("beautiful " + name, at) for at, name in numbered]
    ways["X on a table"] = [(name + " on a table", at) for at, name in numbered]
    ways["adjectives set aside"] = [(asker.with_adjective(name), at) for at, name in numbered]
    ways["phrases set aside"] = [(asker.in_phrase(name), at) for at, name in numbered]
    ways["places set aside"] = [(asker.somewhere(name), at) for at, name in numbered]
    ways["words set aside"] = [(asker.among_words(name), at) for at, name in numbered]
    ways["plurals"] = [(pluralize(name), at) for at, name in numbered]
    ways["synonyms"] = [(other, at) for at, name in numbered for other in synonyms()[name]]
    ways["synonyms, a/an"] = [(with_article(other), at) for at, name in numbered for other in synonyms()[name]]
    ways["typos"] = [(with_typo(name, chance), at) for _ in range(TYPO_ROUNDS) for at, name in numbered]
    for language in LANGUAGES:
        ways[f"language {language}"] = [(names_in(language)[name], at) for at, name in numbered if name in names_in(language)]
    return ways


def measure_words(image_encoder, text_encoder, tokenizer) -> dict[str, tuple[float, float]]:
    """For each way to ask, the share of questions whose scene is first, and that share of the plain form's."""
    scenes = read_scenes()
    images = embed_images(image_encoder, [Image.open(os.path.join(FOLDER, file)) for file, _, _ in scenes])
    measured: dict[str, tuple[float, float]] = {}
    for way, asked in questions([name for _, name, _ in scenes]).items():
        # Padding changes nothing.
        with torch.inference_mode():
            texts = torch.cat([text_encoder(encode(tokenizer, [text for text, _ in asked[at : at + BATCH]]))
                               for at in range(0, len(asked), BATCH)])
        best = (texts @ images.T).argmax(1)
        share = (best == torch.tensor([at for _, at in asked])).float().mean().item()
        measured[way] = share, share / (measured["plain"][0] if measured else share)
        print(f"{way}: {100 * share:.1f} %, {100 * measured[way][1]:.1f} % of plain, {len(asked)} questions", flush=True)
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--run")
    options = parser.parse_args()
    torch.set_num_threads(1)
    image_encoder, text_encoder, tokenizer = open_model(options.model)
    if options.run:
        text_encoder, tokenizer = open_words(options.run)
    measure_words(image_encoder, text_encoder, tokenizer)


if __name__ == "__main__":
    main()
