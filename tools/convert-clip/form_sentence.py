"""Multilingual text encoders in sentence-transformers' form, which belong to the image encoder of a CLIP in another folder."""

import os
from typing import Callable, Optional

import form_huggingface as huggingface
import texts
import words
from plans import Plan, Unsupported, VisionPlan, first_of, optional_json

POOLS = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "first"}
# The image encoders that published text encoders were trained for.
PAIRS = {"clip-ViT-B-32-multilingual-v1": "openai/clip-vit-base-patch32"}


def clip_folder(folder: str) -> str:
    """Where the CLIP is: the folder itself, or that of the module which is one."""
    if not os.path.exists(os.path.join(folder, "modules.json")):
        return folder
    first = texts.read_parts(folder)[0]
    return first["folder"] if first["kind"] == "CLIPModel" else folder


def is_text_only(folder: str) -> bool:
    return (os.path.exists(os.path.join(folder, "modules.json"))
            and texts.read_parts(folder)[0]["kind"] == "Transformer")


def plan(folder: str, images: Optional[str], image_plan: Callable[[str], Plan]) -> Plan:
    if not images:
        raise Unsupported(f"{folder} holds a text encoder only; name the CLIP whose pictures it searches with --image: for "
                          + ", ".join(f"{text} {image}" for text, image in PAIRS.items()))
    pair = image_plan(clip_folder(images))
    if not isinstance(pair.image, VisionPlan):
        raise Unsupported(f"--image {images}: only CLIPs in HuggingFace's form are supported")
    transformer, *others = texts.read_parts(folder)
    config = transformer["settings"].get("config.json")
    if config is None:
        raise Unsupported(f"{transformer['folder']} has no config.json")
    settings = transformer["settings"].get("sentence_bert_config.json", {})
    # Newer versions leave the length to the tokenizer, which says a huge number if it does not know one.
    context = int(settings.get("max_seq_length") or min(
        optional_json(transformer["folder"], "tokenizer_config.json").get("model_max_length", 512),
        config.get("max_position_embeddings", 512)))
    names = {name: recipe for name, recipe in pair.names.items() if name.startswith("image.")}
    pool, layers = "mean", []
    dense: list[str] = []
    place = 0
    for part in others:
        values = part["settings"].get("config.json", {})
        if part["kind"] == "Pooling":
            modes = [POOLS.get(key, key) for key, value in values.items() if key.startswith("pooling_mode_") and value is True]
            modes = modes or [{"mean": "mean", "cls": "first"}.get(values.get("pooling_mode"), str(values.get("pooling_mode")))]
            if modes not in (["mean"], ["first"]):
                raise Unsupported(f"{part['folder']}: pooling is {', '.join(modes)}, only mean and cls are supported")
            pool = modes[0]
        elif part["kind"] == "Dense":
            then = str(values.get("activation_function", "Tanh")).rsplit(".", 1)[-1]
            if then not in ("Identity", "Tanh", "GELU"):
                raise Unsupported(f"{part['folder']}: activation_function is {then}, only Identity, Tanh and GELU are supported")
            layers.append({"in": values["in_features"], "out": values["out_features"], "bias": values.get("bias", True),
                           "then": None if then == "Identity" else then.lower()})
            names[f"text.behind.{place}.weight"] = f"dense{len(dense)}.linear.weight"
            if layers[-1]["bias"]:
                names[f"text.behind.{place}.bias"] = f"dense{len(dense)}.linear.bias"
            place += 1 if then == "Identity" else 2
            dense.append(part["folder"])
        elif part["kind"] != "Normalize":
            raise Unsupported(f"{folder}: modules.json has a {part['kind']}, only Transformer, Pooling, Dense and Normalize are "
                              "supported")
    text = texts.of_sentence_transformers(folder, config, "pair.", names, pool, context)
    text.layers = layers
    last = layers[-1]["out"] if layers else text.shape.width
    if last != pair.dimension:
        raise Unsupported(f"texts have {last} numbers and pictures {pair.dimension}: {images} is not the CLIP of {folder}")
    tokens = words.of_huggingface(transformer["folder"], text.vocabulary, text.context,
                                  bool(settings.get("do_lower_case")))
    text.pad = tokens.pad
    found = [first_of(at, huggingface.WEIGHTS) for at in (transformer["folder"], *dense)]
    return Plan(pair.weights, pair.image, text, pair.pictures, tokens, pair.dimension, names,
                (*pair.ignored, r"text_model\..*", r"text_projection\..*", r"pair\.pooler\..*", r"pair\.embeddings\.position_ids"),
                [one for one in found if one] if all(found) else None)
