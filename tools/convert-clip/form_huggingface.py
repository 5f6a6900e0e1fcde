"""Models in HuggingFace's form: config.json of CLIP, MetaCLIP 2 and SigLIP, whose later version with one size is the same."""

import os
from typing import Optional

import pictures
import words
from plans import Plan, Shape, TextPlan, Unsupported, VisionPlan, activation, first_of

WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
# transformers' own values for what a config.json leaves out
CLIP_TEXT = {"vocab_size": 49408, "hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 12,
             "num_attention_heads": 8, "max_position_embeddings": 77, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5,
             "eos_token_id": 49407}
CLIP_IMAGE = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
              "num_channels": 3, "image_size": 224, "patch_size": 32, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5}
SIGLIP_TEXT = {"vocab_size": 32000, "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
               "num_attention_heads": 12, "max_position_embeddings": 64, "hidden_act": "gelu_pytorch_tanh",
               "layer_norm_eps": 1e-6, "projection_size": None}
SIGLIP_IMAGE = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
                "num_channels": 3, "image_size": 224, "patch_size": 16, "hidden_act": "gelu_pytorch_tanh",
                "layer_norm_eps": 1e-6}
INSTEAD = {
    "siglip2": "its pictures come in any number of patches; take one with a fixed size, as google/siglip2-base-patch16-224",
    "chinese_clip": "take google/siglip2-base-patch16-224, which knows Chinese",
    "altclip": "take google/siglip2-base-patch16-224, which knows many languages",
}
KINDS = ("clip", "metaclip_2", "siglip")


def plan(folder: str, config: dict, given: Optional[str], lowercase: bool) -> Plan:
    kind = config.get("model_type")
    where = os.path.join(folder, "config.json")
    if kind not in KINDS:
        more = INSTEAD.get(kind, "take google/siglip2-base-patch16-224 or laion/CLIP-ViT-B-32-laion2B-s34B-b79K")
        raise Unsupported(f"{where}: model_type is {kind}, expected {', '.join(KINDS)}: {more}")
    return (_siglip if kind == "siglip" else _clip)(folder, config, where, given, lowercase)


def _parts(config: dict, text: dict, image: dict) -> tuple[dict, dict]:
    text, image = dict(text), dict(image)
    for part, name in ((text, "text_config"), (image, "vision_config")):
        part.update(config.get(name) or {})
        # Old files repeat the two parts under these names, and there they win.
        if config.get(name + "_dict"):
            part.update(config[name + "_dict"])
    for key in ("image_size", "patch_size"):
        if isinstance(image[key], (list, tuple)):
            if len(set(image[key])) != 1:
                raise Unsupported(f"vision_config.{key} is {image[key]}, only squares are supported")
            image[key] = image[key][0]
    if image["num_channels"] != 3:
        raise Unsupported(f"vision_config.num_channels is {image['num_channels']}, expected 3")
    return text, image


def _shape(part: dict, name: str, given: Optional[str]) -> Shape:
    return Shape(part["hidden_size"], part["num_hidden_layers"], part["num_attention_heads"], part["intermediate_size"],
                 activation(given or part["hidden_act"], name + ".hidden_act"), part["layer_norm_eps"])


def _clip(folder: str, config: dict, where: str, given: Optional[str], lowercase: bool) -> Plan:
    text, image = _parts(config, CLIP_TEXT, CLIP_IMAGE)
    newer = config["model_type"] == "metaclip_2"
    names = _names(image, text, "vision_model.embeddings.position_embedding.weight")
    for kind in ("weight", "bias"):
        names[f"image.before.{kind}"] = f"vision_model.pre_layrnorm.{kind}"
    names["image.class_token"] = "vision_model.embeddings.class_embedding"
    names["image.projection"], names["text.projection"] = "visual_projection.weight", "text_projection.weight"
    # transformers reads at the highest id when the end is 2, which it never was: a mistake of CLIP's old configurations.
    end = text["eos_token_id"]
    highest = end == 2 and not newer
    context = text["max_position_embeddings"]
    return Plan(
        first_of(folder, WEIGHTS),
        VisionPlan(_shape(image, "vision_config", given), image["image_size"], image["patch_size"]),
        TextPlan(_shape(text, "text_config", given), text["vocab_size"], context, pool="highest" if highest else "end",
                 end=-1 if highest else end),
        pictures.of_huggingface(folder, image["image_size"], "CLIP"),
        words.of_huggingface(folder, text["vocab_size"], context, lowercase) if newer
        else words.of_clip(folder, text["vocab_size"], context),
        config.get("projection_dim", 512), names, ("logit_scale", r".*\.position_ids"))


def _siglip(folder: str, config: dict, where: str, given: Optional[str], lowercase: bool) -> Plan:
    text, image = _parts(config, SIGLIP_TEXT, SIGLIP_IMAGE)
    if image.get("vision_use_head", True) is False:
        raise Unsupported(f"{where}: vision_config.vision_use_head is false: there is no vector of a whole picture")
    dimension = text["projection_size"] or text["hidden_size"]
    if dimension != image["hidden_size"]:
        raise Unsupported(f"{where}: texts have {dimension} numbers and pictures {image['hidden_size']}")
    names = _names(image, text, "vision_model.embeddings.position_embedding.weight")
    names["image.patches_bias"] = "vision_model.embeddings.patch_embedding.bias"
    names["image.attention.query"] = "vision_model.head.probe"
    for kind in ("weight", "bias"):
        names[f"image.attention.queries_keys_values.{kind}"] = f"vision_model.head.attention.in_proj_{kind}"
        for ours, theirs in (("attention_out", "attention.out_proj"), ("before_perceptron", "layernorm"),
                             ("widen", "mlp.fc1"), ("narrow", "mlp.fc2")):
            names[f"image.attention.{ours}.{kind}"] = f"vision_model.head.{theirs}.{kind}"
    names["text.projection"], names["text.projection_bias"] = "text_model.head.weight", "text_model.head.bias"
    context = text["max_position_embeddings"]
    return Plan(
        first_of(folder, WEIGHTS),
        VisionPlan(_shape(image, "vision_config", given), image["image_size"], image["patch_size"], class_token=False,
                   norm_before=False, pool="attention", projection=False),
        TextPlan(_shape(text, "text_config", given), text["vocab_size"], context, causal=False, pool="last",
                 projection_bias=True),
        pictures.of_huggingface(folder, image["image_size"], "Siglip"),
        words.of_siglip(folder, text["vocab_size"], context, lowercase), dimension, names,
        ("logit_scale", "logit_bias", r".*\.position_ids"))


def _names(image: dict, text: dict, positions: str) -> dict[str, str]:
    names = {"image.patches": "P:vision_model.embeddings.patch_embedding.weight", "image.positions": positions,
             "text.tokens.weight": "text_model.embeddings.token_embedding.weight",
             "text.positions": "text_model.embeddings.position_embedding.weight"}
    for ours, theirs, part in (("image", "vision_model", image), ("text", "text_model", text)):
        layers = part["num_hidden_layers"]
        for layer in range(layers):
            new = block(ours, layer, layers)
            old = f"{theirs}.encoder.layers.{layer}."
            for kind in ("weight", "bias"):
                names[new + f"queries_keys_values.{kind}"] = "+".join(old + f"self_attn.{part}_proj.{kind}" for part in "qkv")
                for left, right in (("attention_out", "self_attn.out_proj"), ("before_attention", "layer_norm1"),
                                    ("before_perceptron", "layer_norm2"), ("widen", "mlp.fc1"), ("narrow", "mlp.fc2")):
                    names[new + f"{left}.{kind}"] = old + f"{right}.{kind}"
    for kind in ("weight", "bias"):
        names[f"image.after.{kind}"] = f"vision_model.post_layernorm.{kind}"
        names[f"text.after.{kind}"] = f"text_model.final_layer_norm.{kind}"
    return names


def block(tower: str, layer: int, layers: int) -> str:
    return f"{tower}.transformer.last." if layer == layers - 1 else f"{tower}.transformer.blocks.{layer}."
