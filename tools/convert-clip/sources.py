"""Knows the forms in which models are published: of which form a folder or a file is, and what it takes to convert it.

Called as a program, python sources.py FOLDER, it says so before any weights are fetched: a line `huggingface`, `open_clip` or
`sentence`, a line `timm` if that is needed, or why not. That needs no torch."""

import argparse
import os
import sys
from typing import Optional

import form_huggingface as huggingface
import form_open_clip as open_clip
import form_sentence as sentence
from plans import Plan, TimmPlan, Unsupported, read_json


def describe(folder: str, file: Optional[str], activation: Optional[str], vocabulary: Optional[str], images: Optional[str],
             lowercase: bool) -> Optional[tuple[str, Plan]]:
    """The form and the plan; nothing for weights without a configuration."""
    if file is None and sentence.is_text_only(folder):
        return "sentence", sentence.plan(folder, images, lambda at: huggingface.plan(
            at, read_json(os.path.join(at, "config.json")), activation, False))
    if images:
        raise Unsupported(f"--image is for text encoders of sentence-transformers, which {folder} is not")
    if file is None:
        folder = sentence.clip_folder(folder)
    config, described = (os.path.join(folder, name) for name in ("config.json", "open_clip_config.json"))
    if file is None and os.path.exists(config):
        known = read_json(config)
        if known.get("model_type") in huggingface.KINDS or not os.path.exists(described) and "model_cfg" not in known:
            return "huggingface", huggingface.plan(folder, known, activation, lowercase)
        if not os.path.exists(described):
            described = config
    if os.path.exists(described):
        return "open_clip", open_clip.plan(folder, file, read_json(described), activation, vocabulary)
    return None


def only_file(folder: str) -> str:
    found = [name for name in sorted(os.listdir(folder)) if name.endswith((".pt", ".pth", ".bin", ".safetensors"))]
    if len(found) != 1:
        raise Unsupported(f"{folder} has no config.json and {len(found)} files of weights, expected 1")
    return os.path.join(folder, found[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER")
    parser.add_argument("--activation")
    parser.add_argument("--vocabulary")
    parser.add_argument("--image")
    parser.add_argument("--lowercase", action="store_true")
    options = parser.parse_args()
    found = describe(options.folder, None, options.activation, options.vocabulary, options.image, options.lowercase)
    if found is None:
        raise Unsupported("neither a config.json nor an open_clip_config.json is there")
    print(found[0])
    if isinstance(found[1].image, TimmPlan):
        print("timm")


if __name__ == "__main__":
    try:
        main()
    except (Unsupported, OSError) as problem:
        sys.exit(str(problem))
