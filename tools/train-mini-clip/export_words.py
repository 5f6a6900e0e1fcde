"""Puts a text encoder of train_words.py into models/mini-clip: python export_words.py DIR

The image encoder stays as it is, and tables that were made with it stay valid: model.json keeps the fingerprint that they have.
"""

import argparse
import json
import os
import shutil

import torch

from evaluate import MODEL, measure, open_model
from evaluate_words import measure_words, open_words
from export import HASHED, card, check_texts, descriptor, golden, operators, take


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", help="the folder that train_words.py wrote")
    options = parser.parse_args()
    torch.set_num_threads(1)

    with open(os.path.join(MODEL, "model.json"), encoding="utf-8") as file:
        before = json.load(file)
    encoder, tokenizer = open_words(options.run)
    for weights in encoder.parameters():
        weights.requires_grad_(False)
    fresh = MODEL + ".new"
    shutil.rmtree(fresh, ignore_errors=True)
    os.makedirs(fresh)
    shutil.copy(os.path.join(MODEL, HASHED[0]), fresh)
    scripted = torch.jit.script(encoder)
    print(HASHED[1], " ".join(operators(scripted)))
    scripted.save(os.path.join(fresh, HASHED[1]))
    shutil.copy(os.path.join(options.run, "tokenizer.json"), fresh)
    with open(os.path.join(fresh, "model.json"), "w", encoding="utf-8") as file:
        json.dump(descriptor(fresh, tableFingerprint=before.get("tableFingerprint", before["fingerprint"])), file, indent=2)
        file.write("\n")
    opened = open_model(fresh)
    with torch.inference_mode():
        check_texts(opened[1], encoder)
    figures = measure(*opened)
    print(json.dumps(figures, indent=1))
    asked = "\n".join(f"| {way} | {100 * share:.1f} % | {100 * of_plain:.1f} % |" for way, (share, of_plain) in measure_words(*opened).items())
    with open(os.path.join(fresh, "README.md"), "w", encoding="utf-8") as file:
        file.write(card(figures, asked, fresh, opened[0], encoder))
    take(fresh, golden(opened[0], encoder, tokenizer))


if __name__ == "__main__":
    main()
