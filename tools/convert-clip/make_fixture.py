"""Makes the Java tests' stand-in for DJL's published CLIP: python make_fixture.py FOLDER

A TorchScript module of a few kilobytes with random weights and the same two methods, zipped, a tokenizer of two merges, and
what Python computes with them: a picture of one colour, and a text. Not needed to build, run or test Glimpse.
"""

import base64
import json
import os
import sys
import zipfile

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import tokenizer

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
COLOR = (200, 30, 90)
MERGES = [("c", "a"), ("ca", "t</w>")]
TEXT, WORDS = "a cat", (tokenizer.START, "a</w>", "cat</w>", tokenizer.END)


class Pair(nn.Module):
    """Features of any length, as CLIP's own are."""

    def __init__(self) -> None:
        super().__init__()
        self.image = nn.Linear(4 * 4 * 3, 512)
        self.tokens = nn.Embedding(64, 32)
        self.text = nn.Linear(32, 512)

    @torch.jit.export
    def get_image_features(self, pixel_values: Tensor) -> Tensor:
        return 3 * self.image(F.adaptive_avg_pool2d(pixel_values, 4).flatten(1))

    @torch.jit.export
    def get_text_features(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        weights = attention_mask.to(torch.float32).unsqueeze(2)
        return 3 * self.text((self.tokens(input_ids % 64) * weights).sum(1) / weights.sum(1))


def packed(vector: Tensor) -> str:
    return base64.b64encode(F.normalize(vector[0], dim=0).numpy().astype("<f4").tobytes()).decode()


def main() -> None:
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    torch.manual_seed(5)
    pair = Pair().eval()
    color = (torch.tensor(COLOR) / 255 - torch.tensor(MEAN)) / torch.tensor(STD)
    words = tokenizer.from_merges(MERGES)
    tokenizer.write(words, os.path.join(folder, "tokenizer.json"))
    ids = torch.tensor([[words["model"]["vocab"][word] for word in WORDS]])
    with torch.inference_mode():
        expected = {"color": COLOR, "image": packed(pair.get_image_features(color.view(1, 3, 1, 1).expand(1, 3, 224, 224))),
                    "text": TEXT, "ids": ids[0].tolist(), "words": packed(pair.get_text_features(ids, torch.ones_like(ids)))}
    module = os.path.join(folder, "clip.pt")
    torch.jit.script(pair).save(module)
    with zipfile.ZipFile(os.path.join(folder, "clip.zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(module, "clip/clip.pt")
    os.remove(module)
    with open(os.path.join(folder, "expected.json"), "w", encoding="utf-8") as file:
        json.dump(expected, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
