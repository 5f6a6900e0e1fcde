"""Knows the forms in which CLIP models are published, and makes encoders of them."""

import os
import re
from dataclasses import dataclass
from typing import Optional

import torch
from torch import Tensor

import tokenizer
from files import Unsupported, is_torchscript, read_json, read_weights, torchscript_names
from towers import ImageEncoder, Shape, TextEncoder

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
BPE = "bpe_simple_vocab_16e6.txt.gz"
ACTIVATIONS = ("quick_gelu", "gelu")
HF_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
OPEN_CLIP_WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
# transformers' own values for what a config.json leaves out
HF_TEXT = {"vocab_size": 49408, "hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 12,
           "num_attention_heads": 8, "max_position_embeddings": 77, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5,
           "eos_token_id": 49407}
HF_IMAGE = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
            "num_channels": 3, "image_size": 224, "patch_size": 32, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5}
# open_clip's values for what changes the computation in a way that is not supported
OPEN_CLIP_PLAIN = {"mlp_ratio": 4.0, "ls_init_value": None, "attentional_pool": False, "no_ln_pre": False,
                   "pos_embed_type": "learnable", "final_ln_after_pool": False, "act_kwargs": None, "norm_kwargs": None,
                   "block_type": None, "qk_norm": False, "scaled_cosine_attn": False, "scale_heads": False,
                   "scale_attn_inner": False, "scale_attn": False, "scale_fc": False, "timm_model_name": None,
                   "hf_tokenizer_name": None, "hf_model_name": None, "tokenizer_kwargs": None, "embed_cls": False,
                   "no_causal_mask": False, "proj_bias": False, "proj_type": "linear"}


@dataclass
class Clip:
    image: ImageEncoder
    text: TextEncoder
    tokenizer: dict
    size: int
    dimension: int
    context: int
    mean: tuple[float, ...]
    std: tuple[float, ...]


def open_source(path: str, activation: Optional[str], vocabulary: Optional[str]) -> Clip:
    """A folder in HuggingFace's or open_clip's form, or a file of weights with, perhaps, a description beside it."""
    folder = path if os.path.isdir(path) else os.path.dirname(os.path.abspath(path))
    file = None if os.path.isdir(path) else path
    config = os.path.join(folder, "config.json")
    described = os.path.join(folder, "open_clip_config.json")
    if file is None and os.path.exists(config):
        known = read_json(config)
        weights = _first(folder, HF_WEIGHTS)
        if known.get("model_type") == "clip" and weights or not os.path.exists(described) and "model_cfg" not in known:
            return _huggingface(folder, known, weights, activation)
        if not os.path.exists(described):
            described = config
    if os.path.exists(described) and (file is None or not is_torchscript(file)):
        file = file or _first(folder, OPEN_CLIP_WEIGHTS) or _only(folder)
        return _open_clip(folder, file, read_json(described), activation, vocabulary)
    return _bare(folder, file or _only(folder), activation, vocabulary)


def _first(folder: str, names: tuple[str, ...]) -> Optional[str]:
    return next((os.path.join(folder, name) for name in names if os.path.exists(os.path.join(folder, name))), None)


def _only(folder: str) -> str:
    found = [name for name in sorted(os.listdir(folder)) if name.endswith((".pt", ".pth", ".bin", ".safetensors"))]
    if len(found) != 1:
        raise Unsupported(f"{folder} has no config.json and {len(found)} files of weights, expected 1")
    return os.path.join(folder, found[0])


# ---- HuggingFace


def _huggingface(folder: str, config: dict, weights_file: Optional[str], activation: Optional[str]) -> Clip:
    if config.get("model_type") != "clip":
        raise Unsupported(f"{folder}/config.json: model_type is {config.get('model_type')}, expected clip")
    if not weights_file:
        raise Unsupported(f"{folder} has a config.json but none of {', '.join(HF_WEIGHTS)}")
    # Old files repeat the two parts under these names, and there they win.
    text = {**HF_TEXT, **(config.get("text_config") or {})}
    image = {**HF_IMAGE, **(config.get("vision_config") or {})}
    if config.get("text_config_dict"):
        text.update({**HF_TEXT, **config["text_config_dict"]})
    if config.get("vision_config_dict"):
        image.update({**HF_IMAGE, **config["vision_config_dict"]})
    dimension = config.get("projection_dim", 512)
    if image["num_channels"] != 3:
        raise Unsupported(f"vision_config.num_channels is {image['num_channels']}, expected 3")
    mean, std = _huggingface_preprocessing(folder, image["image_size"])
    weights = {name: value for name, value in read_weights(weights_file).items() if not name.endswith("position_ids")}
    names = {"logit_scale": None}
    renamed: dict[str, Tensor] = {}
    for tower, ours in (("vision_model", "image"), ("text_model", "text")):
        layers = (image if ours == "image" else text)["num_hidden_layers"]
        for layer in range(layers):
            old, new = f"{tower}.encoder.layers.{layer}.", _block(ours, layer, layers)
            for kind in ("weight", "bias"):
                parts = [old + f"self_attn.{part}_proj.{kind}" for part in "qkv"]
                if all(part in weights for part in parts):
                    renamed[new + f"queries_keys_values.{kind}"] = torch.cat([weights.pop(part) for part in parts])
                for left, right in (("self_attn.out_proj", "attention_out"), ("layer_norm1", "before_attention"),
                                    ("layer_norm2", "before_perceptron"), ("mlp.fc1", "widen"), ("mlp.fc2", "narrow")):
                    names[old + f"{left}.{kind}"] = new + f"{right}.{kind}"
    for kind in ("weight", "bias"):
        names[f"vision_model.pre_layrnorm.{kind}"] = f"image.before.{kind}"
        names[f"vision_model.post_layernorm.{kind}"] = f"image.after.{kind}"
        names[f"text_model.final_layer_norm.{kind}"] = f"text.after.{kind}"
    names["vision_model.embeddings.class_embedding"] = "image.class_token"
    names["vision_model.embeddings.patch_embedding.weight"] = "image.patches"
    names["vision_model.embeddings.position_embedding.weight"] = "image.positions"
    names["text_model.embeddings.token_embedding.weight"] = "text.tokens.weight"
    names["text_model.embeddings.position_embedding.weight"] = "text.positions"
    for name, ours in (("visual_projection.weight", "image.projection"), ("text_projection.weight", "text.projection")):
        if name in weights:
            renamed[ours] = weights.pop(name).T
    _rename(weights, names, renamed, weights_file)

    def shape(part: dict) -> Shape:
        return Shape(part["hidden_size"], part["num_hidden_layers"], part["num_attention_heads"], part["intermediate_size"],
                     _activation(activation or part["hidden_act"]), part["layer_norm_eps"])

    # transformers reads at the highest id when the end is 2, which it never was: a mistake of old configurations.
    end = None if text["eos_token_id"] == 2 else text["eos_token_id"]
    return _build(renamed, shape(image), shape(text), image["image_size"], image["patch_size"], dimension, end, mean, std,
                  _huggingface_tokenizer(folder, text["vocab_size"]), weights_file)


def _huggingface_preprocessing(folder: str, size: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    file = os.path.join(folder, "preprocessor_config.json")
    joint = os.path.join(folder, "processor_config.json")
    if os.path.exists(file):
        values = read_json(file)
    elif os.path.exists(joint) and isinstance(read_json(joint).get("image_processor"), dict):
        file, values = joint, read_json(joint)["image_processor"]
    else:
        print(f"{folder} has no preprocessor_config.json: taking CLIP's usual mean and std")
        return MEAN, STD

    def need(key: str, holds: bool, expected: object) -> None:
        if not holds:
            raise Unsupported(f"{file}: {key} is {values.get(key)}, only {expected} is supported")

    def side(value: object, *keys: str) -> object:
        if isinstance(value, dict):
            value = [value.get(key) for key in keys]
            return value[0] if all(one == value[0] for one in value) else value
        return value

    kind = values.get("image_processor_type", values.get("feature_extractor_type", "CLIPImageProcessor"))
    if not str(kind).startswith("CLIP"):
        raise Unsupported(f"{file}: image_processor_type is {kind}, only CLIP's is supported")
    need("do_resize", values.get("do_resize", True) is True, True)
    need("resample", values.get("resample", 3) in (3, "bicubic"), "3 (bicubic)")
    need("size", side(values.get("size", size), "shortest_edge") == size, f"a shortest edge of {size}")
    need("do_center_crop", values.get("do_center_crop", True) is True, True)
    need("crop_size", side(values.get("crop_size", size), "height", "width") == size, size)
    need("do_rescale", values.get("do_rescale", True) is True, True)
    need("rescale_factor", abs(values.get("rescale_factor", 1 / 255) * 255 - 1) < 1e-6, "1/255")
    if values.get("do_normalize", True) is False:
        return (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    return tuple(values.get("image_mean") or MEAN), tuple(values.get("image_std") or STD)


def _huggingface_tokenizer(folder: str, size: int) -> dict:
    file = os.path.join(folder, "tokenizer.json")
    if os.path.exists(file):
        return tokenizer.checked(read_json(file), size, file)
    vocabulary, merges = (os.path.join(folder, name) for name in ("vocab.json", "merges.txt"))
    if os.path.exists(vocabulary) and os.path.exists(merges):
        return tokenizer.checked(tokenizer.from_vocabulary(vocabulary, merges), size, vocabulary)
    raise Unsupported(f"{folder} has neither tokenizer.json nor vocab.json and merges.txt")


# ---- open_clip and OpenAI


def _open_clip(folder: str, file: str, described: dict, activation: Optional[str], vocabulary: Optional[str]) -> Clip:
    config = described.get("model_cfg", described)
    if "vision_cfg" not in config or "text_cfg" not in config:
        raise Unsupported(f"{folder}: open_clip's configuration lacks vision_cfg or text_cfg")
    for part in ("vision_cfg", "text_cfg"):
        for key, plain in OPEN_CLIP_PLAIN.items():
            value = config[part].get(key, plain)
            if value != plain and value is not None:
                raise Unsupported(f"{folder}: {part}.{key} is {value}, only {plain} is supported")
    for part, pooling in (("vision_cfg", "tok"), ("text_cfg", "argmax")):
        if config[part].get("pool_type", pooling) != pooling:
            raise Unsupported(f"{folder}: {part}.pool_type is {config[part]['pool_type']}, only {pooling} is supported")
    pictures = described.get("preprocess_cfg", {})
    for key, plain in (("interpolation", "bicubic"), ("resize_mode", "shortest"), ("mode", "RGB")):
        if pictures.get(key, plain) != plain:
            raise Unsupported(f"{folder}: preprocess_cfg.{key} is {pictures[key]}, only {plain} is supported")
    image_heads = config["vision_cfg"]["width"] // config["vision_cfg"].get("head_width", 64)
    text_heads = config["text_cfg"].get("heads", 8)
    name = "quick_gelu" if config.get("quick_gelu") else "gelu"
    return _openai_names(folder, file, activation or name, vocabulary, image_heads, text_heads,
                         tuple(pictures.get("mean") or MEAN), tuple(pictures.get("std") or STD))


def _bare(folder: str, file: str, activation: Optional[str], vocabulary: Optional[str]) -> Clip:
    if activation is None and is_torchscript(file) and torchscript_names(file, "QuickGELU"):
        activation = "quick_gelu"
    if activation is None:
        raise Unsupported(f"{file} does not say its activation: put open_clip_config.json beside it, "
                          "or add --activation quick_gelu (OpenAI's) or --activation gelu (most others)")
    return _openai_names(folder, file, activation, vocabulary, None, None, MEAN, STD)


def _openai_names(folder: str, file: str, activation: str, vocabulary: Optional[str], image_heads: Optional[int],
                  text_heads: Optional[int], mean: tuple[float, ...], std: tuple[float, ...]) -> Clip:
    weights = read_weights(file)
    for name in [name for name in weights if name.startswith("text.")]:
        weights[name.removeprefix("text.")] = weights.pop(name)
    for name in ("visual.conv1.weight", "visual.positional_embedding", "token_embedding.weight", "positional_embedding"):
        if name not in weights:
            raise Unsupported(f"{file} lacks {name}, so it is not a CLIP with a vision transformer")
    if "text_projection.weight" in weights:
        weights["text_projection"] = weights.pop("text_projection.weight").T
    width, _, patch, _ = weights["visual.conv1.weight"].shape
    size = patch * round((weights["visual.positional_embedding"].shape[0] - 1) ** 0.5)
    text_width = weights["token_embedding.weight"].shape[1]
    projection = weights.get("visual.proj")
    dimension = width if projection is None else projection.shape[1]
    names: dict[str, Optional[str]] = dict.fromkeys(
        ("logit_scale", "logit_bias", "input_resolution", "context_length", "vocab_size", "attn_mask"))
    layers = {}
    for theirs, ours in (("visual.transformer", "image"), ("transformer", "text")):
        found = [int(match[1]) for match in (re.match(re.escape(theirs) + r"\.resblocks\.(\d+)\.", name) for name in weights)
                 if match]
        layers[ours] = max(found, default=-1) + 1
        for layer in range(layers[ours]):
            old, new = f"{theirs}.resblocks.{layer}.", _block(ours, layer, layers[ours])
            for kind in ("weight", "bias"):
                names[old + f"attn.in_proj_{kind}"] = new + f"queries_keys_values.{kind}"
                for left, right in (("attn.out_proj", "attention_out"), ("ln_1", "before_attention"),
                                    ("ln_2", "before_perceptron"), ("mlp.c_fc", "widen"), ("mlp.c_proj", "narrow")):
                    names[old + f"{left}.{kind}"] = new + f"{right}.{kind}"
    for kind in ("weight", "bias"):
        names[f"visual.ln_pre.{kind}"] = f"image.before.{kind}"
        names[f"visual.ln_post.{kind}"] = f"image.after.{kind}"
        names[f"ln_final.{kind}"] = f"text.after.{kind}"
    names.update({"visual.class_embedding": "image.class_token", "visual.conv1.weight": "image.patches",
                  "visual.positional_embedding": "image.positions", "visual.proj": "image.projection",
                  "token_embedding.weight": "text.tokens.weight", "positional_embedding": "text.positions",
                  "text_projection": "text.projection"})
    renamed: dict[str, Tensor] = {}
    _rename(weights, names, renamed, file)

    def shape(tower: str, wide: int, heads: Optional[int]) -> Shape:
        return Shape(wide, layers[tower], heads or wide // 64, renamed[_block(tower, 0, layers[tower]) + "widen.bias"].shape[0],
                     _activation(activation))

    vocabulary = vocabulary or os.path.join(folder, BPE)
    if os.path.exists(os.path.join(folder, "tokenizer.json")):
        words = _huggingface_tokenizer(folder, renamed["text.tokens.weight"].shape[0])
    elif os.path.exists(vocabulary):
        words = tokenizer.checked(tokenizer.from_bpe(vocabulary), renamed["text.tokens.weight"].shape[0], vocabulary)
    else:
        raise Unsupported(f"no tokenizer: put {BPE} of OpenAI's CLIP, or a tokenizer.json, into {folder}")
    return _build(renamed, shape("image", width, image_heads), shape("text", text_width, text_heads), size, patch, dimension,
                  None, mean, std, words, file)


# ---- All


def _activation(name: str) -> str:
    if name not in ACTIVATIONS:
        raise Unsupported(f"the activation is {name}, only {' and '.join(ACTIVATIONS)} are supported")
    return name


def _block(tower: str, layer: int, layers: int) -> str:
    return f"{tower}.transformer.last." if layer == layers - 1 else f"{tower}.transformer.blocks.{layer}."


def _rename(weights: dict[str, Tensor], names: dict[str, Optional[str]], renamed: dict[str, Tensor], file: str) -> None:
    """Nothing may be left over: what we do not know would be missing from the answer."""
    strange = [name for name in weights if name not in names]
    if strange:
        raise Unsupported(f"{file} has weights that no CLIP of this kind has: {', '.join(strange[:3])}"
                          + (f" and {len(strange) - 3} more" if len(strange) > 3 else ""))
    for name, value in weights.items():
        ours = names[name]
        if ours is not None:
            renamed[ours] = value


def _build(renamed: dict[str, Tensor], image_shape: Shape, text_shape: Shape, size: int, patch: int, dimension: int,
           end: Optional[int], mean: tuple[float, ...], std: tuple[float, ...], words: dict, file: str) -> Clip:
    vocabulary, context = renamed["text.tokens.weight"].shape[0], renamed["text.positions"].shape[0]
    image = ImageEncoder(image_shape, size, patch, dimension, mean, std)
    text = TextEncoder(text_shape, vocabulary, context, dimension, end)
    renamed["image.patches"] = renamed["image.patches"].permute(0, 2, 3, 1).reshape(image_shape.width, -1)
    for name, shape in (("image", image_shape), ("text", text_shape)):
        if f"{name}.projection" not in renamed:
            if shape.width != dimension:
                raise Unsupported(f"{file} has no {name} projection, and a width of {shape.width} is not {dimension}")
            renamed[f"{name}.projection"] = torch.eye(dimension)
    for name, tower in (("image", image), ("text", text)):
        state = {key.removeprefix(name + "."): value.float() for key, value in renamed.items() if key.startswith(name + ".")}
        if name == "image":
            state["scale"], state["shift"] = image.scale, image.shift
        wanted = tower.state_dict()
        for key, value in wanted.items():
            if key not in state:
                raise Unsupported(f"{file} lacks the weights of {name}.{key}")
            if state[key].shape != value.shape:
                raise Unsupported(f"{file}: {name}.{key} is {tuple(state[key].shape)}, expected {tuple(value.shape)}")
        tower.load_state_dict(state)
        tower.eval().requires_grad_(False)
    return Clip(image, text, words, size, dimension, context, mean, std)
