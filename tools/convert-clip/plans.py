"""What the files beside the weights say of a model: all that is needed to build its encoders, and to refuse it before its weights
are fetched. This module, and those that make plans, need no torch."""

import json
import os
from dataclasses import dataclass, field
from typing import Optional


class Unsupported(Exception):
    """A model that cannot be converted; the message says what about it, and what to take instead."""


@dataclass(frozen=True)
class Shape:
    """A transformer."""

    width: int
    layers: int
    heads: int
    perceptron: int
    activation: str
    epsilon: float = 1e-5
    # Whether each block scales what attention and perceptron add; folded into their weights.
    scaled: bool = False

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise Unsupported(f"a width of {self.width} cannot be divided among {self.heads} heads")


@dataclass
class VisionPlan:
    """A vision transformer of ours. `pool` is token, average or attention."""

    shape: Shape
    size: int
    patch: int
    class_token: bool = True
    norm_before: bool = True
    pool: str = "token"
    norm_pooled: bool = False
    projection: bool = True


@dataclass
class TimmPlan:
    """An image tower of timm, as open_clip wraps it."""

    model: str
    size: int
    pool: str
    projection: str
    projection_bias: bool


@dataclass
class TextPlan:
    """A text transformer in CLIP's manner. `pool` is highest, end, last or first."""

    shape: Shape
    vocabulary: int
    context: int
    causal: bool = True
    pool: str = "highest"
    end: int = -1
    projection: bool = True
    projection_bias: bool = False


@dataclass
class BertPlan:
    """A text encoder of BERT's family. `pool` is mean or first; `layers` are the linear layers behind it."""

    family: str
    shape: Shape
    vocabulary: int
    positions: int
    first_position: int
    types: int
    pad: int
    context: int
    pool: str
    layers: list[dict] = field(default_factory=list)


@dataclass
class Pictures:
    """How a picture becomes the square that the encoder sees; the words are those of model.json."""

    size: int
    resize: str
    interpolation: str
    crop: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resize_to: Optional[int] = None
    fill: Optional[int] = None


@dataclass
class Words:
    """How words become tokens."""

    document: dict
    context: int
    pad: int
    pad_to_context: bool
    pad_left: bool = False


@dataclass
class Plan:
    """`names` maps the names of our weights to theirs, in the terms of weights.py; `ignored` are left out on purpose."""

    weights: Optional[str]
    image: object
    text: object
    pictures: Pictures
    words: Optional[Words]
    dimension: int
    names: dict[str, str]
    ignored: tuple[str, ...] = ()
    # Where the text encoder has files of its own.
    text_weights: Optional[list[str]] = None


def read_json(path: str) -> dict:
    with open(path, encoding="utf-8") as file:
        try:
            value = json.load(file)
        except ValueError as problem:
            raise Unsupported(f"{path} is not JSON: {problem}") from None
    if not isinstance(value, dict):
        raise Unsupported(f"{path} is not a JSON object")
    return value


def optional_json(folder: str, name: str) -> dict:
    path = os.path.join(folder, name)
    return read_json(path) if os.path.exists(path) else {}


def first_of(folder: str, names: tuple[str, ...]) -> Optional[str]:
    return next((os.path.join(folder, name) for name in names if os.path.exists(os.path.join(folder, name))), None)


ACTIVATIONS = {"quick_gelu": "quick_gelu", "gelu": "gelu", "gelu_python": "gelu", "gelu_pytorch_tanh": "gelu_tanh",
               "gelu_new": "gelu_tanh", "gelu_tanh": "gelu_tanh", "relu": "relu"}


def activation(name: object, where: str) -> str:
    if name not in ACTIVATIONS:
        raise Unsupported(f"{where} is {name}, only {', '.join(ACTIVATIONS)} are supported")
    return ACTIVATIONS[name]
