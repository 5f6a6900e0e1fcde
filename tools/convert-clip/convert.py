"""Converts a published image-text model into a model folder of Glimpse: python convert.py SOURCE FOLDER --name NAME

SOURCE is a folder in the form of HuggingFace (config.json, model.safetensors, tokenizer.json), open_clip (open_clip_config.json
and weights) or sentence-transformers (modules.json), or a file: an open_clip state dict or OpenAI's TorchScript archive. FOLDER
must not exist. scripts/get-model is the usual way to call this.
"""

import argparse
import hashlib
import json
import os
import sys
import warnings
from dataclasses import dataclass

import torch
from torch import Tensor, nn

import form_bare as bare
from files import is_torchscript, read_weights
from form_open_clip import WEIGHTS
from plans import Plan, TextPlan, Unsupported
from sources import describe, only_file
from tokenizer import write
from weights import encoders

IMAGE, TEXT, TOKENIZER = "image-encoder.pt", "text-encoder.pt", "tokenizer.json"
# What separates two ways to compute the same; a wrong weight is far away.
TOLERANCE = 1e-4
# Values; a cache line of 64 bytes.
GAP = 16


@dataclass
class Clip:
    plan: Plan
    image: nn.Module
    text: nn.Module


def open_source(options: argparse.Namespace) -> Clip:
    """A folder in one of the forms, or a file of weights with, perhaps, a description beside it."""
    path = options.path
    file = None if os.path.isdir(path) else path
    folder = path if file is None else os.path.dirname(os.path.abspath(path))
    found = None
    if file is None or not is_torchscript(file):
        found = describe(folder, file, options.activation, options.vocabulary, options.image, options.lowercase)
    if found is None:
        plan, weights = bare.plan(folder, file or only_file(folder), options.activation, options.vocabulary)
    else:
        plan = found[1]
        plan.weights = plan.weights or (only_file(folder) if found[0] == "open_clip" else None)
        if not plan.weights or found[0] == "sentence" and not plan.text_weights:
            raise Unsupported(f"{folder} has a configuration but no weights, as {WEIGHTS[0]} or model.safetensors")
        weights = read_weights(plan.weights)
        for place, more in enumerate(plan.text_weights or []):
            prefix = "pair." if place == 0 else f"dense{place - 1}."
            weights.update({prefix + name.removeprefix("distilbert.").removeprefix("roberta.").removeprefix("bert."): value
                            for name, value in read_weights(more).items()})
    return Clip(plan, *encoders(plan, weights, plan.weights))


def by_columns(tower: nn.Module) -> None:
    """Lays out the weights of linear layers as a product with few rows reads them: a picture alone, or a short text. The values stay the
    same. Columns whose distance is a power of two would have the same few places in the processor's cache, so there is a gap."""
    with torch.no_grad():
        for layer in tower.modules():
            if isinstance(layer, nn.Linear):
                outputs, inputs = layer.weight.shape
                laid_out = torch.zeros(inputs, outputs + GAP)[:, :outputs]
                laid_out.copy_(layer.weight.t())
                layer.weight.data = laid_out.t()


def save(tower: nn.Module, path: str, size: int) -> None:
    if getattr(tower, "traced", False):
        torch.jit.trace(tower, torch.zeros(2, size, size, 3, dtype=torch.uint8), check_trace=False).save(path)
    else:
        torch.jit.script(tower).save(path)


def save_int8(tower: nn.Module, path: str, size: int) -> None:
    """Linear layers with 8-bit weights, one scale a row, and 8-bit activations, scaled as they come."""
    from torch.ao.quantization import per_channel_dynamic_qconfig, quantize_dynamic

    small = quantize_dynamic(tower, {nn.Linear: per_channel_dynamic_qconfig})
    small.traced = getattr(tower, "traced", False)
    save(small, path, size)


def samples(plan: Plan, generator: torch.Generator) -> list[Tensor]:
    """Token ids as the service gives them: with an end, or filled up."""
    text, words = plan.text, plan.words
    end = text.end if isinstance(text, TextPlan) and text.end >= 0 else text.vocabulary - 1
    # Words have higher or lower ids than the end, as the tokenizer has it.
    low, high = (3, end) if end > text.vocabulary // 2 else (end + 1, text.vocabulary)
    made = []
    for length in sorted({3, 8, words.context // 2, words.context}):
        ids = torch.randint(low, high, (2, length), generator=generator)
        ids[:, -1] = end
        if words.pad_to_context:
            ids = nn.functional.pad(ids, (0, words.context - length), value=words.pad)
        made.append(ids)
    return made


def check(clip: Clip, folder: str, names: dict[str, str]) -> dict[str, float]:
    """The written files answer as the encoders in memory do. Returns the least cosine of each file that is only near."""
    generator = torch.Generator().manual_seed(0)
    size, words = clip.plan.pictures.size, clip.plan.words
    pictures = torch.randint(0, 256, (3, size, size, 3), dtype=torch.uint8, generator=generator)
    texts = samples(clip.plan, generator)
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
        if tower == "text" and "int8" not in file and not words.pad_to_context:
            padded = nn.functional.pad(texts[1], (0, words.context - texts[1].shape[1]), value=words.pad)
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
    pictures, words = clip.plan.pictures, clip.plan.words
    image = {"file": IMAGE, "input": "uint8_nhwc", "size": pictures.size, "resize": pictures.resize,
             "interpolation": pictures.interpolation, "crop": pictures.crop, "mean": list(pictures.mean),
             "std": list(pictures.std), "normalizeInGraph": True}
    if pictures.resize_to:
        image["resizeTo"] = pictures.resize_to
    if pictures.fill is not None:
        image["fill"] = pictures.fill
    text = {"file": TEXT, "tokenizer": TOKENIZER, "contextLength": words.context, "padId": words.pad,
            "padToContext": words.pad_to_context}
    if words.pad_left:
        text["padSide"] = "left"
    used = IMAGE
    if options.int8 in ("image", "both"):
        used = IMAGE.replace(".pt", "-int8.pt")
        image.update({"int8File": used, "precision": "int8"})
    if options.int8 in ("text", "both"):
        text.update({"int8File": TEXT.replace(".pt", "-int8.pt"), "precision": "int8"})
    return {
        "schema": 1,
        "name": options.name,
        "description": f"Converted from {options.source}.",
        "license": options.license,
        "dimension": clip.plan.dimension,
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
    parser.add_argument("--activation", choices=("quick_gelu", "gelu"), help="where the source does not say it")
    parser.add_argument("--image", help="the CLIP of HuggingFace's form whose pictures a text encoder belongs to")
    parser.add_argument("--lowercase", action="store_true", help="texts are lower-cased, also if the tokenizer does not say so")
    parser.add_argument("--vocabulary", help="OpenAI's file of merges, where the source has no tokenizer")
    parser.add_argument("--int8", choices=("image", "text", "both"), help="also write, and use, 8-bit encoders")
    options = parser.parse_args()
    options.source = options.source or os.path.basename(os.path.normpath(options.path))
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", message="torch.quantize")
    torch.set_num_threads(min(2, torch.get_num_threads()))

    with torch.inference_mode(False), torch.no_grad():
        clip = open_source(options)
        size = clip.plan.pictures.size
        os.makedirs(options.folder)
        names = {IMAGE: "image", TEXT: "text"}
        for tower in (clip.image, clip.text):
            by_columns(tower)
        save(clip.image, os.path.join(options.folder, IMAGE), size)
        save(clip.text, os.path.join(options.folder, TEXT), size)
        for part in ("image", "text"):
            if options.int8 in (part, "both"):
                names[f"{part}-encoder-int8.pt"] = part
                save_int8(clip.image if part == "image" else clip.text, os.path.join(options.folder, f"{part}-encoder-int8.pt"),
                          size)
        write(clip.plan.words.document, os.path.join(options.folder, TOKENIZER))
        nearest = check(clip, options.folder, names)
    with open(os.path.join(options.folder, "model.json"), "w", encoding="utf-8") as file:
        json.dump(descriptor(clip, options.folder, options), file, indent=2, ensure_ascii=False)
        file.write("\n")
    with open(os.path.join(options.folder, "LICENSE"), "w", encoding="utf-8") as file:
        file.write(f"Weights of {options.name}, converted from {options.source}.\nLicense: {options.license}\n")
    print(f"{options.name}: dimension {clip.plan.dimension}, pictures of {size}x{size}, {clip.plan.words.context} tokens; all "
          "weights have their place, and the written encoders answer as those in memory do")
    for file, cosine in nearest.items():
        print(f"{file}: cosine to full precision at least {cosine:.4f} on noise")


if __name__ == "__main__":
    try:
        main()
    except Unsupported as problem:
        print(f"convert-clip: {problem}", file=sys.stderr)
        # Another try will not change that.
        sys.exit(3)
    except OSError as problem:
        sys.exit(f"convert-clip: {problem}")
