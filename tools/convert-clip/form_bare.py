"""State dicts that come without a configuration: what their shapes say, and what only the published architectures tell."""

import re
from typing import Optional

from torch import Tensor

import form_open_clip as open_clip
from files import is_torchscript, read_weights, torchscript_names
from plans import Plan, Unsupported

# (width, layers) of the image encoder and (width, layers) of the text encoder: the heads of each. Weights do not say them.
HEADS = {
    (768, 12, 512, 12): (12, 8),  # ViT-B-32, ViT-B-16
    (1024, 24, 768, 12): (16, 12),  # ViT-L-14
    (1280, 32, 1024, 24): (16, 16),  # ViT-H-14
    (1408, 40, 1024, 24): (16, 16),  # ViT-g-14
    (1664, 48, 1280, 32): (16, 20),  # ViT-bigG-14
}


def plan(folder: str, file: str, given: Optional[str], vocabulary: Optional[str]) -> tuple[Plan, dict[str, Tensor]]:
    archive = is_torchscript(file)
    if given is None and archive and torchscript_names(file, "QuickGELU"):
        given = "quick_gelu"
    if given is None:
        raise Unsupported(f"{file} does not say its activation: put open_clip_config.json beside it, "
                          "or add --activation quick_gelu (OpenAI's) or --activation gelu (most others)")
    weights = read_weights(file)
    prefix = "text." if "text.token_embedding.weight" in weights else ""
    for name in ("visual.conv1.weight", "visual.positional_embedding", "visual.proj", f"{prefix}token_embedding.weight",
                 f"{prefix}positional_embedding", f"{prefix}text_projection"):
        if name not in weights:
            raise Unsupported(f"{file} lacks {name}, so it is not a CLIP with a vision transformer; if it is of open_clip, put "
                              "its open_clip_config.json beside it")
    width, _, patch, _ = weights["visual.conv1.weight"].shape
    vocabulary_size, text_width = weights[f"{prefix}token_embedding.weight"].shape
    counts = [_layers(weights, at) for at in ("visual.transformer", f"{prefix}transformer")]
    key = (width, counts[0], text_width, counts[1])
    if archive:
        # OpenAI's own: always 64 wide.
        heads = (width // 64, text_width // 64)
    elif key in HEADS:
        heads = HEADS[key]
    else:
        raise Unsupported(f"{file} does not say how many heads its encoders have, and no published CLIP has {counts[0]} layers "
                          f"of width {width} beside {counts[1]} of width {text_width}: put open_clip_config.json beside it")
    config = {
        "embed_dim": weights["visual.proj"].shape[1], "quick_gelu": given == "quick_gelu", "custom_text": bool(prefix),
        "vision_cfg": {"width": width, "layers": counts[0], "head_width": width // heads[0], "patch_size": patch,
                       "image_size": patch * round((weights["visual.positional_embedding"].shape[0] - 1) ** 0.5),
                       "mlp_ratio": _ratio(weights, "visual.transformer", width), "no_ln_pre": "visual.ln_pre.weight" not in weights},
        "text_cfg": {"width": text_width, "layers": counts[1], "heads": heads[1], "vocab_size": vocabulary_size,
                     "context_length": weights[f"{prefix}positional_embedding"].shape[0],
                     "mlp_ratio": _ratio(weights, f"{prefix}transformer", text_width)},
    }
    return open_clip.plan(folder, file, {"model_cfg": config}, None, vocabulary), weights


def _layers(weights: dict[str, Tensor], at: str) -> int:
    found = [int(match[1]) for match in (re.match(re.escape(at) + r"\.resblocks\.(\d+)\.", name) for name in weights) if match]
    return max(found, default=-1) + 1


def _ratio(weights: dict[str, Tensor], at: str, width: int) -> float:
    # A little more, because a width times a ratio is rounded down.
    name = f"{at}.resblocks.0.mlp.c_fc.bias"
    if name not in weights:
        raise Unsupported(f"the weights lack {name}")
    return (weights[name].shape[0] + 0.5) / width
