"""Converts a published CLIP into a model folder of Glimpse: python convert.py SOURCE FOLDER --name NAME

SOURCE is a folder in HuggingFace's form (config.json, model.safetensors, tokenizer.json), one in open_clip's
(open_clip_config.json and weights), or a file: an open_clip state dict or OpenAI's TorchScript archive. FOLDER must not
exist. scripts/get-model is the usual way to call this.
"""

import argparse
import hashlib
import json
import os
import sys
import warnings

import torch
from torch import Tensor, nn

from files import Unsupported
from sources import ACTIVATIONS, Clip, open_source
from tokenizer import write

IMAGE, TEXT, TOKENIZER = "image-encoder.pt", "text-encoder.pt", "tokenizer.json"
# What separates two ways to compute the same; a wrong weight is far away.
TOLERANCE = 1e-4


def save(tower: nn.Module, path: str) -> None:
    torch.jit.script(tower).save(path)


def save_int8(tower: nn.Module, path: str) -> None:
    """Linear layers with 8-bit weights, one scale a row, and 8-bit activations, scaled as they come."""
    from torch.ao.quantization import per_channel_dynamic_qconfig, quantize_dynamic

    save(quantize_dynamic(tower, {nn.Linear: per_channel_dynamic_qconfig}), path)


def check(clip: Clip, folder: str, names: dict[str, str]) -> dict[str, float]:
    """The written files answer as the encoders in memory do. Returns the least cosine of each file that is only near."""
    generator = torch.Generator().manual_seed(0)
    end = clip.text.end if clip.text.end >= 0 else clip.text.tokens.num_embeddings - 1
    pictures = torch.randint(0, 256, (4, clip.size, clip.size, 3), dtype=torch.uint8, generator=generator)
    texts = []
    for length in sorted({2, 3, 8, clip.context // 2, clip.context}):
        ids = torch.randint(0, end, (2, length), generator=generator)
        ids[:, -1] = end
        texts.append(ids)
    nearest = {}
    for file, tower in names.items():
        written = torch.jit.load(os.path.join(folder, file))
        eager = clip.image if tower == "image" else clip.text
        inputs = [pictures, pictures[:1]] if tower == "image" else texts
        cosines = torch.cat([_cosines(written(one), eager(one), file) for one in inputs])
        if "int8" in file:
            nearest[file] = cosines.min().item()
        elif cosines.min() < 1 - TOLERANCE:
            raise ValueError(f"{file} answers differently than what was written: cosine {cosines.min().item()}")
        if tower == "text" and "int8" not in file:
            padded = nn.functional.pad(texts[1], (0, clip.context - texts[1].shape[1]))
            if _cosines(written(padded), written(texts[1]), file).min() < 1 - TOLERANCE:
                raise ValueError(f"{file}: padding changes the answer")
    return nearest


def _cosines(left: Tensor, right: Tensor, file: str) -> Tensor:
    if left.dtype != torch.float32 or left.shape != right.shape or not ((left.norm(dim=1) - 1).abs() < 1e-4).all():
        raise ValueError(f"{file}: answers {left.dtype} {tuple(left.shape)} of norm {left.norm(dim=1).tolist()[:2]}")
    return (left * right).sum(dim=1)


def fingerprint(folder: str, names: list[str]) -> str:
    """What `sha256sum NAMES | sha256sum` prints in the folder."""
    lines = []
    for name in names:
        digest = hashlib.sha256()
        with open(os.path.join(folder, name), "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        lines.append(f"{digest.hexdigest()}  {name}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def descriptor(clip: Clip, folder: str, options: argparse.Namespace) -> dict:
    image = {"file": IMAGE, "input": "uint8_nhwc", "size": clip.size, "resize": "short_side", "interpolation": "bicubic",
             "crop": "center", "mean": list(clip.mean), "std": list(clip.std), "normalizeInGraph": True}
    text = {"file": TEXT, "tokenizer": TOKENIZER, "contextLength": clip.context, "padId": 0, "padToContext": False}
    used = IMAGE
    if options.int8 in ("image", "both"):
        used = IMAGE.replace(".pt", "-int8.pt")
        image.update({"int8File": used, "precision": "int8"})
    if options.int8 in ("text", "both"):
        text.update({"int8File": TEXT.replace(".pt", "-int8.pt"), "precision": "int8"})
    return {
        "schema": 1,
        "name": options.name,
        "description": f"A full-size CLIP, converted from {options.source}.",
        "license": options.license,
        "dimension": clip.dimension,
        "image": image,
        "text": text,
        "fingerprint": fingerprint(folder, [used, TEXT, TOKENIZER]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", metavar="SOURCE")
    parser.add_argument("folder", metavar="FOLDER")
    parser.add_argument("--name", required=True, help="how the model is called")
    parser.add_argument("--source", help="where it comes from, for the descriptor; default: SOURCE")
    parser.add_argument("--license", default="not known: see where the weights come from")
    parser.add_argument("--activation", choices=ACTIVATIONS, help="where the source does not say it")
    parser.add_argument("--vocabulary", help="OpenAI's file of merges, where the source has no tokenizer")
    parser.add_argument("--int8", choices=("image", "text", "both"), help="also write, and use, 8-bit encoders")
    options = parser.parse_args()
    options.source = options.source or os.path.basename(os.path.normpath(options.path))
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", message="torch.quantize")
    torch.set_num_threads(min(2, torch.get_num_threads()))

    with torch.inference_mode(False), torch.no_grad():
        clip = open_source(options.path, options.activation, options.vocabulary)
        os.makedirs(options.folder)
        names = {IMAGE: "image", TEXT: "text"}
        save(clip.image, os.path.join(options.folder, IMAGE))
        save(clip.text, os.path.join(options.folder, TEXT))
        for part in ("image", "text"):
            if options.int8 in (part, "both"):
                names[f"{part}-encoder-int8.pt"] = part
                save_int8(clip.image if part == "image" else clip.text, os.path.join(options.folder, f"{part}-encoder-int8.pt"))
        write(clip.tokenizer, os.path.join(options.folder, TOKENIZER))
        nearest = check(clip, options.folder, names)
    with open(os.path.join(options.folder, "model.json"), "w", encoding="utf-8") as file:
        json.dump(descriptor(clip, options.folder, options), file, indent=2, ensure_ascii=False)
        file.write("\n")
    with open(os.path.join(options.folder, "LICENSE"), "w", encoding="utf-8") as file:
        file.write(f"Weights of {options.name}, converted from {options.source}.\nLicense: {options.license}\n")
    print(f"{options.name}: dimension {clip.dimension}, pictures of {clip.size}x{clip.size}, {clip.context} tokens; "
          "the written encoders answer as the source's weights do")
    for file, cosine in nearest.items():
        print(f"{file}: cosine to full precision at least {cosine:.4f} on noise")


if __name__ == "__main__":
    try:
        main()
    except (Unsupported, OSError) as problem:
        sys.exit(f"convert-clip: {problem}")
