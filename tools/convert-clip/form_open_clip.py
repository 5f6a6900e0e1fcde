"""Models in open_clip's form: open_clip_config.json and weights, with open_clip's own, timm's or HuggingFace's encoders."""

import os
from typing import Optional

import pictures
import texts
import words
from form_huggingface import block
from plans import Plan, Shape, TextPlan, TimmPlan, Unsupported, VisionPlan, activation, first_of

WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
# open_clip's values for what changes the computation in a way that is not supported
PLAIN = {"attentional_pool": False, "block_type": None, "qk_norm": False, "scaled_cosine_attn": False, "scale_heads": False,
         "scale_attn_inner": False, "scale_attn": False, "scale_fc": False, "embed_cls": False}
SIGLIP = "take google/siglip2-base-patch16-224"


def plan(folder: str, file: Optional[str], described: dict, given: Optional[str], vocabulary: Optional[str]) -> Plan:
    config = described.get("model_cfg", described)
    where = folder
    if "vision_cfg" not in config or "text_cfg" not in config:
        raise Unsupported(f"{where}: open_clip's configuration lacks vision_cfg or text_cfg")
    if config.get("multimodal_cfg"):
        raise Unsupported(f"{where}: multimodal_cfg makes it a CoCa, which is not supported: {SIGLIP}")
    vision, text = config["vision_cfg"], config["text_cfg"]
    for part, values in (("vision_cfg", vision), ("text_cfg", text)):
        for key, plain in PLAIN.items():
            if values.get(key, plain) not in (plain, None):
                raise Unsupported(f"{where}: {part}.{key} is {values[key]}, only {plain} is supported: {SIGLIP}")
    quick = "quick_gelu" if config.get("quick_gelu") else "gelu"
    dimension = config["embed_dim"]
    size = vision.get("image_size", 224)
    if isinstance(size, (list, tuple)):
        if len(set(size)) != 1:
            raise Unsupported(f"{where}: vision_cfg.image_size is {size}, only squares are supported")
        size = size[0]
    names: dict[str, str] = {}
    if vision.get("timm_model_name"):
        image: object = TimmPlan(vision["timm_model_name"], size, vision.get("timm_pool", "avg"),
                                 vision.get("timm_proj", "linear"), vision.get("timm_proj_bias", False))
        if image.pool in ("abs_attn", "rot_attn") or image.projection not in (None, "", "linear", "mlp", "none"):
            raise Unsupported(f"{where}: vision_cfg.timm_pool is {image.pool} and timm_proj {image.projection}, which are not "
                              f"supported: {SIGLIP}")
    else:
        image = _vision(where, vision, size, given or _activation(where, quick, vision, "vision_cfg"), names)
    prefix = "text." if text.get("hf_model_name") or config.get("custom_text") else ""
    if text.get("hf_model_name"):
        text_plan = texts.of_open_clip(folder, text, dimension, names)
        tokens = words.of_open_clip(folder, {"hf_tokenizer_name": text["hf_model_name"], **text}, text_plan.vocabulary,
                                    text_plan.context, vocabulary, False)
    else:
        text_plan = _text(where, text, given or _activation(where, quick, text, "text_cfg"), dimension, prefix, names)
        # Without causal attention a text's vector depends on what it is filled up with.
        fills = not text_plan.causal or text_plan.pool == "last"
        tokens = words.of_open_clip(folder, text, text_plan.vocabulary, text_plan.context, vocabulary, fills)
    return Plan(file or first_of(folder, WEIGHTS), image, text_plan,
                pictures.of_open_clip(where, described.get("preprocess_cfg") or {}, size), tokens, dimension, names,
                ("logit_scale", "logit_bias", "input_resolution", "context_length", "vocab_size", r"(text\.)?attn_mask",
                 r"text\.transformer\.(embeddings\.position_ids|pooler\..*)"))


def _activation(where: str, quick: str, part: dict, name: str) -> str:
    options = dict(part.get("act_kwargs") or {})
    approximate = options.pop("approximate", "none")
    if options or approximate not in ("none", "tanh") or approximate == "tanh" and quick == "quick_gelu":
        raise Unsupported(f"{where}: {name}.act_kwargs is {part['act_kwargs']}, only approximate=tanh of gelu is supported")
    return "gelu_tanh" if approximate == "tanh" else quick


def _shape(where: str, part: dict, name: str, width: int, heads: int, kind: str) -> Shape:
    options = dict(part.get("norm_kwargs") or {})
    epsilon = options.pop("eps", 1e-5)
    if options:
        raise Unsupported(f"{where}: {name}.norm_kwargs is {part['norm_kwargs']}, only eps is supported")
    return Shape(width, part.get("layers", 12), heads, int(width * part.get("mlp_ratio", 4.0)), activation(kind, name), epsilon,
                 part.get("ls_init_value") is not None)


def _vision(where: str, part: dict, size: int, kind: str, names: dict[str, str]) -> VisionPlan:
    if isinstance(part.get("layers", 12), (list, tuple)):
        raise Unsupported(f"{where}: vision_cfg.layers is {part['layers']}, so its image encoder is a ResNet; only vision "
                          "transformers are supported: take ViT-B-32/openai or google/siglip2-base-patch16-224")
    pool = {"tok": "token", "avg": "average"}.get(part.get("pool_type", "tok"))
    if not pool:
        raise Unsupported(f"{where}: vision_cfg.pool_type is {part['pool_type']}, only tok and avg are supported")
    width, head = part.get("width", 768), part.get("head_width", 64)
    if width % head:
        raise Unsupported(f"{where}: a vision_cfg.width of {width} is no multiple of head_width {head}")
    shape = _shape(where, part, "vision_cfg", width, width // head, kind)
    before = not part.get("no_ln_pre", False)
    names.update({"image.class_token": "visual.class_embedding", "image.patches": "P:visual.conv1.weight",
                  "image.positions": "visual.positional_embedding", "image.projection": "T:visual.proj"})
    _blocks("image", "visual.transformer", shape, names)
    for one in ("weight", "bias"):
        if before:
            names[f"image.before.{one}"] = f"visual.ln_pre.{one}"
        names[f"image.after.{one}"] = f"visual.ln_post.{one}"
    return VisionPlan(shape, size, part.get("patch_size", 16), norm_before=before, pool=pool,
                      norm_pooled=part.get("final_ln_after_pool", False))


def _text(where: str, part: dict, kind: str, dimension: int, prefix: str, names: dict[str, str]) -> TextPlan:
    pool = {"argmax": "highest", "eos": "end", "last": "last", "first": "first"}.get(part.get("pool_type", "argmax"))
    if not pool:
        raise Unsupported(f"{where}: text_cfg.pool_type is {part['pool_type']}, only argmax, eos, last and first are supported")
    projects = part.get("proj_type", "linear") == "linear"
    if part.get("proj_type", "linear") not in ("linear", "none"):
        raise Unsupported(f"{where}: text_cfg.proj_type is {part['proj_type']}, only linear and none are supported")
    shape = _shape(where, part, "text_cfg", part.get("width", 512), part.get("heads", 8), kind)
    biased = projects and part.get("proj_bias", False)
    names.update({"text.tokens.weight": f"{prefix}token_embedding.weight", "text.positions": f"{prefix}positional_embedding"})
    if biased:
        names.update({"text.projection": f"{prefix}text_projection.weight", "text.projection_bias": f"{prefix}text_projection.bias"})
    elif projects:
        names["text.projection"] = f"T:{prefix}text_projection"
    _blocks("text", f"{prefix}transformer", shape, names)
    for one in ("weight", "bias"):
        names[f"text.after.{one}"] = f"{prefix}ln_final.{one}"
    return TextPlan(shape, part.get("vocab_size", 49408), part.get("context_length", 77), not part.get("no_causal_mask", False),
                    pool, part.get("eos_id", 2) if pool == "end" else -1, projects, biased)


def _blocks(ours: str, theirs: str, shape: Shape, names: dict[str, str]) -> None:
    for layer in range(shape.layers):
        old, new = f"{theirs}.resblocks.{layer}.", block(ours, layer, shape.layers)
        for kind in ("weight", "bias"):
            names[new + f"queries_keys_values.{kind}"] = old + f"attn.in_proj_{kind}"
            for left, right, scale in (("attention_out", "attn.out_proj", "ls_1"), ("before_attention", "ln_1", ""),
                                       ("before_perceptron", "ln_2", ""), ("widen", "mlp.c_fc", ""),
                                       ("narrow", "mlp.c_proj", "ls_2")):
                scaled = f"S:{old}{scale}.gamma|" if shape.scaled and scale else ""
                names[new + f"{left}.{kind}"] = f"{scaled}{old}{right}.{kind}"
