"""Makes models/mini-clip and the Java tests' golden vectors from a checkpoint: python export.py DIR

DIR is train.py's --out. Everything is made aside, checked and measured, and then moved into place, so a reader never sees
half of it. Works while training goes on.
"""

import argparse
import base64
import hashlib
import json
import os
import shutil

import torch
from PIL import Image
from tokenizers import Tokenizer
from torch import Tensor

import demo
from captions import truncating
from evaluate import MODEL, measure, open_model, read_scenes
from model import CONTEXT_LENGTH, DIMENSION, IMAGE_SIZE, MEAN, PAD, STD
from preprocess import embed_images, embed_texts
from things import HERE, read_things
from train import Pair

ROOT = os.path.dirname(os.path.dirname(HERE))
GOLDEN = os.path.join(ROOT, "src", "test", "resources", "mini-clip-golden.json")
HASHED = ("image-encoder.pt", "text-encoder.pt", "tokenizer.json")
GOLDEN_IMAGES = 12
GOLDEN_TEXTS = (
    "a picture of a cat", "cat", "a dog", "two dogs", "a red circle", "hot drink", "a picture of pizza and a bicycle",
    "A PICTURE OF A CAT", "Statue of Liberty", "T-Rex", "pi\u00f1ata", "pin\u0303ata", "caf\u00e9 au lait", "stra\u00dfe",
    "\u00c5ngstr\u00f6m", "\U0001f408", "\U0001f408\u200d\u2b1b and \U0001f355", "\u732b", "\u4e00\u5f20\u732b\u7684\u7167\u7247",
    "\u043a\u043e\u0448\u043a\u0430 \u043d\u0430 \u0441\u0442\u043e\u043b\u0435", "\u0642\u0637\u0629", "woman's hat", "woman\u2019s hat",
    "  too   many\tspaces\n", "", " ", "a", "1234567890 !?.,;:-()", "a picture of " + "a very " * 40 + "big elephant",
    "supercalifragilisticexpialidocious" * 4,
)


def check_images(exported, encoder) -> None:
    """The exported encoder answers as the eager one does, for any batch."""
    generator = torch.Generator().manual_seed(0)
    for batch in (1, 8):
        image = torch.randint(0, 256, (batch, IMAGE_SIZE, IMAGE_SIZE, 3), dtype=torch.uint8, generator=generator)
        _same(exported(image), encoder(image), "image encoder")


def check_texts(exported, encoder) -> None:
    """The exported encoder answers as the eager one does, for any batch and length, and padding changes nothing."""
    generator = torch.Generator().manual_seed(0)
    for batch in (1, 8):
        for length in range(2, CONTEXT_LENGTH + 1):
            ids = torch.randint(3, 500, (batch, length), generator=generator)
            ids[:, 0], ids[:, -1] = 1, 2
            answer = exported(ids)
            _same(answer, encoder(ids), "text encoder")
            padded = torch.nn.functional.pad(ids, (0, CONTEXT_LENGTH - length), value=PAD)
            _same(exported(padded), answer, "padded text")
            _same(exported(ids[:1]), answer[:1], "text in a batch")


def _same(left: Tensor, right: Tensor, what: str) -> None:
    if left.dtype != torch.float32 or left.shape[1] != DIMENSION:
        raise ValueError(f"{what}: {left.dtype} {tuple(left.shape)}")
    if (left.norm(dim=1) - 1).abs().max() > 1e-5 or (left - right).abs().max() > 1e-5:
        raise ValueError(f"{what}: differs by {(left - right).abs().max().item()}")


def operators(module) -> list[str]:
    return sorted(torch.jit.export_opnames(module))


def fingerprint(folder: str) -> str:
    """What `sha256sum image-encoder.pt text-encoder.pt tokenizer.json | sha256sum` prints in the folder."""
    lines = []
    for name in HASHED:
        with open(os.path.join(folder, name), "rb") as file:
            lines.append(f"{hashlib.sha256(file.read()).hexdigest()}  {name}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def descriptor(folder: str, **more: str) -> dict:
    things = sum(1 for thing in read_things() if thing.codepoints)
    return {
        "schema": 1,
        "name": "mini-clip",
        "description": f"A demonstration model: it knows {things} drawn things and some coloured shapes, and no photographs. "
                       "To put a full-size CLIP in its place, see docs/models.md.",
        "license": "Weights: Apache-2.0. Trained on artwork of Noto Color Emoji (OFL-1.1) and Fluent Emoji (MIT), "
                   "and names from Unicode CLDR (Unicode License v3).",
        "demonstration": True,
        "dimension": DIMENSION,
        "image": {"file": "image-encoder.pt", "input": "uint8_nhwc", "size": IMAGE_SIZE, "resize": "short_side",
                  "interpolation": "bicubic", "crop": "center", "mean": list(MEAN), "std": list(STD),
                  "normalizeInGraph": True},
        "text": {"file": "text-encoder.pt", "tokenizer": "tokenizer.json", "contextLength": CONTEXT_LENGTH, "padId": PAD,
                 "padToContext": False},
        "fingerprint": fingerprint(folder),
        **more,
    }


def golden(image_encoder, text_encoder, tokenizer) -> dict:
    def packed(vector: Tensor) -> str:
        return base64.b64encode(vector.numpy().astype("<f4").tobytes()).decode()

    files = [file for file, _, _ in read_scenes()]
    files = files[:: len(files) // GOLDEN_IMAGES][:GOLDEN_IMAGES]
    images = embed_images(image_encoder, [Image.open(os.path.join(demo.FOLDER, file)) for file in files])
    texts = embed_texts(text_encoder, tokenizer, list(GOLDEN_TEXTS))
    return {
        "images": [{"file": file, "vector": packed(vector)} for file, vector in zip(files, images)],
        "texts": [{"text": text, "ids": tokenizer.encode(text).ids, "vector": packed(vector)}
                  for text, vector in zip(GOLDEN_TEXTS, texts)],
        "tokens": tokens(tokenizer),
    }


def tokens(tokenizer) -> list[dict]:
    """Ids alone, of many more texts. Typed markers are left out: Glimpse takes them out before the tokenizer sees them."""
    with open(os.path.join(ROOT, "tools", "check-parity", "texts.txt"), encoding="utf-8") as file:
        texts = [json.loads(line) for line in file]
    markers = [token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special]
    return [{"text": text, "ids": " ".join(map(str, tokenizer.encode(text).ids))}
            for text in texts if not any(marker in text for marker in markers)]


def card(figures: dict, asked: str, folder: str, image_encoder, text_encoder) -> str:
    with open(os.path.join(HERE, "model-card.md"), encoding="utf-8") as file:
        text = file.read()
    things = read_things()
    rows = [f"| {what} | " + " | ".join(f"{100 * part[k]:.1f} %" for k in ("R@1", "R@5", "R@10")) + " |"
            for what, part in figures.items() if "R@1" in part]
    two_way = [f"| {what.removeprefix('two-way: ')} | {100 * part['right']:.1f} % |"
               for what, part in figures.items() if "right" in part]
    size = sum(os.path.getsize(os.path.join(folder, name)) for name in HASHED)
    values = {
        "figures": "\n".join(rows),
        "two_way": "\n".join(two_way),
        "asked": asked,
        "things": sum(1 for thing in things if thing.codepoints),
        "shapes": sum(1 for thing in things if not thing.codepoints),
        "image_parameters": f"{sum(weights.numel() for weights in image_encoder.parameters()) / 1e6:.2f}",
        "text_parameters": f"{sum(weights.numel() for weights in text_encoder.parameters()) / 1e6:.2f}",
        "megabytes": f"{size / 1e6:.1f}",
        "torch": torch.__version__.split("+")[0],
        "size": IMAGE_SIZE,
        "context": CONTEXT_LENGTH,
        "vocabulary": f"{len(text_encoder.rows):,}",
    }
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    return text


def take(fresh: str, expected: dict) -> None:
    """Moves a folder into the model's place, and what the Java tests expect of it."""
    os.makedirs(os.path.dirname(GOLDEN), exist_ok=True)
    with open(GOLDEN + ".new", "w", encoding="utf-8") as file:
        json.dump(expected, file, indent=1, ensure_ascii=False)
        file.write("\n")
    old = MODEL + ".old"
    shutil.rmtree(old, ignore_errors=True)
    if os.path.exists(MODEL):
        os.rename(MODEL, old)
    os.rename(fresh, MODEL)
    os.replace(GOLDEN + ".new", GOLDEN)
    shutil.rmtree(old, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", help="the folder that train.py wrote")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if not os.path.exists(demo.FOLDER):
        demo.main()

    saved = torch.load(os.path.join(options.run, "checkpoint.pt"))
    tokenizer = Tokenizer.from_file(os.path.join(options.run, "tokenizer.json"))
    pair = Pair(tokenizer.get_vocab_size())
    pair.load_state_dict(saved["smooth"])
    pair.eval()
    for weights in pair.parameters():
        weights.requires_grad_(False)

    fresh = MODEL + ".new"
    shutil.rmtree(fresh, ignore_errors=True)
    os.makedirs(fresh)
    for encoder, name in ((pair.image, HASHED[0]), (pair.text, HASHED[1])):
        scripted = torch.jit.script(encoder)
        print(name, " ".join(operators(scripted)))
        scripted.save(os.path.join(fresh, name))
    tokenizer.save(os.path.join(fresh, HASHED[2]), pretty=False)
    with open(os.path.join(fresh, "model.json"), "w", encoding="utf-8") as file:
        json.dump(descriptor(fresh), file, indent=2)
        file.write("\n")
    image_encoder, text_encoder, opened = open_model(fresh)
    with torch.inference_mode():
        check_images(image_encoder, pair.image)
        check_texts(text_encoder, pair.text)
    figures = measure(image_encoder, text_encoder, opened)
    print(json.dumps(figures, indent=1))
    with open(os.path.join(fresh, "README.md"), "w", encoding="utf-8") as file:
        file.write(card(figures, "not measured", fresh, pair.image, pair.text))

    take(fresh, golden(pair.image, pair.text, truncating(tokenizer)))
    print(f"step {saved['step']}, {saved['samples']} samples, {saved['seconds'] / 60:.1f} minutes, to {MODEL}")


if __name__ == "__main__":
    main()
