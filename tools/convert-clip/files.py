"""Reads weights from the files that they are published in."""

import json
import os
import zipfile

import torch
from torch import Tensor

from plans import Unsupported, read_json

TYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64,
         "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool}


def read_safetensors(path: str) -> dict[str, Tensor]:
    """Eight bytes of length, that many of JSON, then the numbers. They stay on the disk until they are used."""
    total = os.path.getsize(path)
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= total - 8:
            raise Unsupported(f"{path} is not a safetensors file, or only a part of one")
        header = json.loads(file.read(length))
    begin = 8 + length
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    if begin + max(ends, default=0) != total:
        raise Unsupported(f"{path} has {total} bytes, expected {begin + max(ends, default=0)}: the download is not whole")
    data = torch.from_file(path, shared=False, size=total, dtype=torch.uint8)
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in TYPES:
            raise Unsupported(f"{path}: {name} is of type {entry['dtype']}, expected one of {', '.join(TYPES)}")
        first, last = (begin + offset for offset in entry["data_offsets"])
        # The bytes may start anywhere, and a view of wider numbers may not.
        tensors[name] = data[first:last].clone().view(TYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors


def is_torchscript(path: str) -> bool:
    return zipfile.is_zipfile(path) and any(name.endswith("/constants.pkl") for name in zipfile.ZipFile(path).namelist())


def torchscript_names(path: str, word: str) -> bool:
    """Whether the archive's code has the word."""
    with zipfile.ZipFile(path) as archive:
        return any(word.encode() in archive.read(name) for name in archive.namelist() if name.endswith(".py"))


def read_weights(path: str) -> dict[str, Tensor]:
    """A safetensors file, an index of several, a PyTorch state dict, a training checkpoint or a TorchScript archive."""
    if path.endswith(".index.json"):
        parts = sorted(set(read_json(path)["weight_map"].values()))
        weights: dict[str, Tensor] = {}
        for part in parts:
            weights.update(read_weights(os.path.join(os.path.dirname(path), os.path.basename(part))))
        return weights
    if path.endswith(".safetensors"):
        return read_safetensors(path)
    try:
        if is_torchscript(path):
            return dict(torch.jit.load(path, map_location="cpu").state_dict())
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, ValueError, EOFError) as problem:
        raise Unsupported(f"PyTorch cannot read {path}: {str(problem).splitlines()[0]}") from None
    except Exception as problem:  # pickle raises what it likes
        raise Unsupported(f"PyTorch cannot read {path}: {str(problem).splitlines()[0][:200]}") from None
    saved = saved.get("state_dict", saved) if isinstance(saved, dict) else None
    if not isinstance(saved, dict) or not all(isinstance(value, Tensor) for value in saved.values()):
        raise Unsupported(f"{path} holds no state dict")
    return {name.removeprefix("module."): value for name, value in saved.items()}
