"""Makes a randomly initialised ViT-B/32 as HuggingFace folders hold it: python full_size.py OUT

The tokenizer is CLIP's own, from the merges that open_clip brings.
"""

import gzip
import importlib.util
import sys
from pathlib import Path

import torch
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPTokenizer

START, END = "<|startoftext|>", "<|endoftext|>"
MERGES = 48_894


def tokenizer() -> CLIPTokenizer:
    package = Path(importlib.util.find_spec("open_clip").origin).parent
    with gzip.open(package / "bpe_simple_vocab_16e6.txt.gz", "rt", encoding="utf-8") as file:
        merges = [tuple(line.split()) for line in file.read().split("\n")[1 : MERGES + 1]]
    # GPT-2's letters for bytes: those that can be seen stand for themselves and come first.
    seen = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    letters = [chr(byte) for byte in seen] + [chr(256 + i) for i in range(256 - len(seen))]
    tokens = letters + [letter + "</w>" for letter in letters] + ["".join(pair) for pair in merges] + [START, END]
    return CLIPTokenizer({token: i for i, token in enumerate(tokens)}, merges, model_max_length=77)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.manual_seed(0)
    model = CLIPModel(CLIPConfig()).eval()
    model.config.architectures = ["CLIPModel"]
    model.save_pretrained(sys.argv[1])
    CLIPImageProcessorPil().save_pretrained(sys.argv[1])
    tokenizer().save_pretrained(sys.argv[1])


if __name__ == "__main__":
    main()
