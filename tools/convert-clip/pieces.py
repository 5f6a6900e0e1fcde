"""Reads a sentencepiece model, a protocol buffer, as the parts of a tokenizer.json."""

import base64
import struct
from typing import Iterator

from plans import Unsupported

UNKNOWN, UNIGRAM = 2, 1


def _fields(data: bytes) -> Iterator[tuple[int, object]]:
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = number()
        kind = key & 7
        if kind == 0:
            yield key >> 3, number()
        elif kind == 2:
            length = number()
            yield key >> 3, data[at : at + length]
            at += length
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            yield key >> 3, data[at : at + size]
            at += size
        else:
            raise ValueError(f"wire type {kind}")


def read(path: str) -> tuple[dict, list[dict]]:
    """The model of a tokenizer.json, and the normalizers that the file itself asks for: no space twice, ▁ for spaces."""
    pieces: list[tuple[str, float]] = []
    unknown, model_type, charsmap = None, UNIGRAM, b""
    try:
        with open(path, "rb") as file:
            for number, value in _fields(file.read()):
                if number == 1:
                    piece = dict(_fields(value))
                    if piece.get(3, 1) == UNKNOWN:
                        unknown = len(pieces)
                    pieces.append((piece[1].decode(), struct.unpack("<f", piece[2])[0] if 2 in piece else 0.0))
                elif number == 2:
                    model_type = dict(_fields(value)).get(3, UNIGRAM)
                elif number == 3:
                    charsmap = dict(_fields(value)).get(2, b"")
    except (ValueError, KeyError, IndexError, struct.error, UnicodeDecodeError) as problem:
        raise Unsupported(f"{path} is not a sentencepiece model, or only a part of one: {problem}") from None
    if model_type != UNIGRAM or unknown is None:
        raise Unsupported(f"{path} is a sentencepiece model of type {model_type}, only unigram (1) is supported: "
                          "put the tokenizer.json that transformers makes of it beside it")
    normalizers = [{"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap).decode()}] if charsmap else []
    model = {"type": "Unigram", "unk_id": unknown, "vocab": [[piece, score] for piece, score in pieces], "byte_fallback": False}
    return model, normalizers
