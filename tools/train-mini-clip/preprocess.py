"""A picture as the service feeds it to the image encoder, and a text as it feeds it to the text encoder."""

import numpy
import torch
from PIL import Image
from torch import Tensor

from model import IMAGE_SIZE


def prepare(picture: Image.Image) -> Tensor:
    """Short side to IMAGE_SIZE (Pillow's bicubic, long side rounded down), centre crop rounded down: uint8 [S, S, 3]."""
    picture = picture.convert("RGB")
    short = min(picture.size)
    width, height = (int(IMAGE_SIZE * side / short) for side in picture.size)
    picture = picture.resize((width, height), Image.Resampling.BICUBIC)
    left, top = (width - IMAGE_SIZE) // 2, (height - IMAGE_SIZE) // 2
    pixels = numpy.asarray(picture.crop((left, top, left + IMAGE_SIZE, top + IMAGE_SIZE)))
    return torch.from_numpy(pixels.copy())


def embed_images(encoder: torch.nn.Module, pictures: list[Image.Image]) -> Tensor:
    with torch.inference_mode():
        return torch.cat([encoder(torch.stack([prepare(picture) for picture in pictures[at : at + 64]]))
                          for at in range(0, len(pictures), 64)])


def embed_texts(encoder: torch.nn.Module, tokenizer, texts: list[str]) -> Tensor:
    """One text at a time, unpadded, as the service does."""
    with torch.inference_mode():
        return torch.cat([encoder(torch.tensor([tokenizer.encode(text).ids])) for text in texts])
