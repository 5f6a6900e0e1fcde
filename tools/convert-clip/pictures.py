"""Reads how a picture becomes the square that a model sees, from HuggingFace's and open_clip's files."""

import os

from plans import Pictures, Unsupported, read_json

CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
HALF = (0.5, 0.5, 0.5)
FILTERS = {2: "bilinear", "bilinear": "bilinear", 3: "bicubic", "bicubic": "bicubic"}


def of_huggingface(folder: str, size: int, family: str) -> Pictures:
    """`family` is CLIP or Siglip: each has defaults of its own."""
    mean, std = (CLIP_MEAN, CLIP_STD) if family == "CLIP" else (HALF, HALF)
    file = os.path.join(folder, "preprocessor_config.json")
    joint = os.path.join(folder, "processor_config.json")
    if os.path.exists(file):
        values = read_json(file)
    elif os.path.exists(joint) and isinstance(read_json(joint).get("image_processor"), dict):
        file, values = joint, read_json(joint)["image_processor"]
    else:
        print(f"{folder} has no preprocessor_config.json: taking the usual preprocessing of {family}")
        values = {"size": size if family == "CLIP" else {"height": size, "width": size}}

    def need(key: str, holds: bool, expected: object) -> None:
        if not holds:
            raise Unsupported(f"{file}: {key} is {values.get(key)}, only {expected} is supported")

    kind = str(values.get("image_processor_type", values.get("feature_extractor_type", family + "ImageProcessor")))
    if not kind.startswith(("CLIP", "Siglip")) or kind.startswith("Siglip2"):
        raise Unsupported(f"{file}: image_processor_type is {kind}, only CLIP's and SigLIP's are supported")
    need("do_resize", values.get("do_resize", True) is True, True)
    need("do_rescale", values.get("do_rescale", True) is True, True)
    need("rescale_factor", abs(values.get("rescale_factor", 1 / 255) * 255 - 1) < 1e-6, "1/255")
    need("resample", values.get("resample", 3) in FILTERS, "2 (bilinear) or 3 (bicubic)")
    crops = values.get("do_center_crop", kind.startswith("CLIP"))
    wanted = values.get("size", size)
    if isinstance(wanted, dict) and wanted.get("height"):
        need("size", wanted["height"] == wanted.get("width") == size, f"a square of {size}")
        resize, resize_to = "squash", size
    else:
        resize, resize_to = "short_side", wanted.get("shortest_edge") if isinstance(wanted, dict) else wanted
        need("size", isinstance(resize_to, int) and resize_to >= size, f"a shortest edge of {size} or more")
        need("do_center_crop", crops is True, True)
    if crops:
        crop = values.get("crop_size") or size
        crop = (crop.get("height"), crop.get("width")) if isinstance(crop, dict) else (crop, crop)
        need("crop_size", crop == (size, size), size)
    if values.get("do_normalize", True) is False:
        mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    else:
        mean, std = tuple(values.get("image_mean") or mean), tuple(values.get("image_std") or std)
    return Pictures(size, resize, FILTERS[values.get("resample", 3)], "center", mean, std,
                    resize_to if resize_to != size else None)


def of_open_clip(where: str, values: dict, size: int) -> Pictures:
    """open_clip crops as torchvision does: half a pixel goes to the even side."""
    resize = values.get("resize_mode") or "shortest"
    if resize not in ("shortest", "longest", "squash"):
        raise Unsupported(f"{where}: preprocess_cfg.resize_mode is {resize}, only shortest, longest and squash are supported")
    interpolation = values.get("interpolation") or "bicubic"
    # At inference open_clip takes bicubic for random.
    interpolation = "bicubic" if interpolation == "random" else interpolation
    if interpolation not in FILTERS:
        raise Unsupported(f"{where}: preprocess_cfg.interpolation is {interpolation}, only bicubic and bilinear are supported")
    if values.get("mode", "RGB") != "RGB":
        raise Unsupported(f"{where}: preprocess_cfg.mode is {values['mode']}, only RGB is supported")

    def three(value: object, default: tuple[float, ...]) -> tuple[float, ...]:
        value = value or default
        return tuple(value) if isinstance(value, (list, tuple)) else (value,) * 3

    return Pictures(size, {"shortest": "short_side", "longest": "long_side", "squash": "squash"}[resize], interpolation,
                    "center_even", three(values.get("mean"), CLIP_MEAN), three(values.get("std"), CLIP_STD),
                    fill=int(values.get("fill_color") or 0) if resize == "longest" else None)
