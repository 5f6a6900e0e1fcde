"""Scenes: one to three things on a background. Twice: as batched tensors for training, and with Pillow for evaluation.

The two share their ranges but no code, on purpose: a model that only knows the trainer's own drawing would be seen.
"""

import math

import numpy
import torch
import torch.nn.functional as F
from PIL import Image, ImageEnhance, ImageFilter
from torch import Tensor

from model import IMAGE_SIZE
from things import COLOURS, Thing, premultiplied, sprites

MIPS = (64, 32, 16)
MOST = 3
COLOUR_NAMES = list(COLOURS)


class SpriteSheet:
    """Every drawing of every thing, at three sizes, as tensors."""

    def __init__(self, things: list[Thing]) -> None:
        drawings, owners = [], []
        for number, thing in enumerate(things):
            for drawing in sprites(thing):
                drawings.append(drawing)
                owners.append(number)
        self.mips = [
            torch.from_numpy(numpy.stack([premultiplied(drawing, size) for drawing in drawings]))
            .permute(0, 3, 1, 2)
            .contiguous()
            for size in MIPS
        ]
        owners = torch.tensor(owners)
        self.first = torch.tensor([int((owners == number).nonzero()[0]) for number in range(len(things))])
        self.count = torch.bincount(owners, minlength=len(things))

    def pick(self, things: Tensor) -> Tensor:
        """One of the drawings of each thing, at random."""
        return self.first[things] + (torch.rand(things.shape) * self.count[things]).long()


def _uniform(shape: tuple[int, ...], low: float, high: float) -> Tensor:
    return torch.rand(shape) * (high - low) + low


def layout(counts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Centres [B, 3, 2] in -1..1, sizes [B, 3] as a share of the side, angles [B, 3] in radians."""
    batch = counts.shape[0]
    low = torch.tensor([0.36, 0.34, 0.28])[counts - 1][:, None]
    high = torch.tensor([0.95, 0.58, 0.48])[counts - 1][:, None]
    sizes = low + (high - low) * torch.rand(batch, MOST)
    turn = _uniform((batch, 1), 0, 2 * math.pi) + torch.arange(MOST) * (2 * math.pi / counts[:, None])
    distance = torch.where(counts[:, None] > 1, _uniform((batch, MOST), 0.42, 0.62), torch.zeros(1))
    centres = torch.stack([turn.cos(), turn.sin()], -1) * distance[..., None]
    jitter = torch.where(counts[:, None] > 1, torch.full((1, 1), 0.08), (1.05 - sizes).clamp(min=0.05))
    centres = centres + (torch.rand(batch, MOST, 2) * 2 - 1) * jitter[..., None]
    return centres, sizes, _uniform((batch, MOST), -0.55, 0.55)


def backgrounds(batch: int) -> tuple[Tensor, list[str]]:
    """Pictures [B, 3, S, S] and the colour of each, "" where it has none to name."""
    palette = torch.tensor([COLOURS[name] for name in COLOUR_NAMES]) / 255.0
    choice = torch.randint(len(COLOUR_NAMES), (batch,))
    named = torch.rand(batch) < 0.5
    colour = palette[choice] + _uniform((batch, 3), -0.09, 0.09)
    pale = torch.where(torch.rand(batch, 1) < 0.5, torch.ones(1), torch.zeros(1))
    free = torch.rand(batch, 3) * (1 - 0.45 * pale) + 0.45 * pale
    first = torch.where(named[:, None], colour, free)[:, :, None, None]
    near = first[:, :, 0, 0] + _uniform((batch, 3), -0.25, 0.25)
    second = torch.where(torch.rand(batch, 1) < 0.5, near, torch.rand(batch, 3))[:, :, None, None]

    kind = torch.rand(batch)[:, None, None, None]  # plain below 0.4, gradient below 0.7, clouds above
    axis = torch.linspace(-1, 1, IMAGE_SIZE)
    turn = _uniform((batch, 1, 1), 0, 2 * math.pi)
    ramp = ((turn.cos() * axis[None, None, :] + turn.sin() * axis[None, :, None]) / 2.8 + 0.5)[:, None]
    cells = int(torch.randint(3, 14, ()))
    clouds = F.interpolate(torch.rand(batch, 1, cells, cells), size=IMAGE_SIZE, mode="bicubic", align_corners=False)
    mix = torch.where(kind < 0.4, torch.zeros(1), torch.where(kind < 0.7, ramp, clouds))
    picture = first + (second - first) * mix
    plain = (kind[:, 0, 0, 0] < 0.4) & named
    names = [COLOUR_NAMES[number] if is_plain else "" for number, is_plain in zip(choice.tolist(), plain.tolist())]
    return picture.clamp(0, 1), names


def _draw(picture: Tensor, sheet: SpriteSheet, drawings: Tensor, centres: Tensor, sizes: Tensor, angles: Tensor) -> None:
    """Draws one sprite onto each picture, in place."""
    stretch = 1 + _uniform((picture.shape[0],), -0.1, 0.1)
    cos, sin = angles.cos(), angles.sin()
    wide, high = sizes * stretch, sizes / stretch
    matrix = torch.zeros(picture.shape[0], 2, 3)
    matrix[:, 0, 0], matrix[:, 0, 1] = cos / wide, sin / wide
    matrix[:, 1, 0], matrix[:, 1, 1] = -sin / high, cos / high
    matrix[:, :, 2] = -(matrix[:, :, :2] @ centres[:, :, None])[:, :, 0]
    pixels = sizes * IMAGE_SIZE
    level = torch.where(pixels > 40, 0, torch.where(pixels > 20, 1, 2))
    for number, mip in enumerate(sheet.mips):
        rows = (level == number).nonzero()[:, 0]
        if len(rows) == 0:
            continue
        grid = F.affine_grid(matrix[rows], [len(rows), 4, IMAGE_SIZE, IMAGE_SIZE], align_corners=False)
        layer = F.grid_sample(mip[drawings[rows]], grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        picture[rows] = picture[rows] * (1 - layer[:, 3:]) + layer[:, :3]


def _weather(picture: Tensor) -> Tensor:
    """Light, contrast, colour, blur, JPEG blocks and grain."""
    batch = picture.shape[0]
    one = (batch, 1, 1, 1)
    picture = picture * _uniform(one, 0.75, 1.2) * _uniform((batch, 3, 1, 1), 0.93, 1.07)
    picture = (picture - 0.5) * _uniform(one, 0.75, 1.2) + 0.5
    grey = picture.mean(dim=1, keepdim=True)
    picture = grey + (picture - grey) * _uniform(one, 0.65, 1.3)

    blurred = (torch.rand(batch) < 0.4).nonzero()[:, 0]
    if len(blurred):
        sigma = float(_uniform((), 0.3, 1.0))
        weights = torch.exp(-torch.arange(-2.0, 3.0) ** 2 / (2 * sigma**2))
        weights = (weights / weights.sum()).repeat(3, 1)
        soft = F.conv2d(picture[blurred], weights[:, None, :, None], padding=(2, 0), groups=3)
        picture[blurred] = F.conv2d(soft, weights[:, None, None, :], padding=(0, 2), groups=3)

    blocky = (torch.rand(batch) < 0.2).nonzero()[:, 0]
    if len(blocky):
        picture[blocky] = _jpeg_like(picture[blocky], float(_uniform((), 0.03, 0.12)))
    grainy = (torch.rand(one) < 0.5) * _uniform(one, 0.0, 0.06)
    return (picture + torch.randn_like(picture) * grainy).clamp(0, 1)


def _cosine_basis() -> Tensor:
    place = torch.arange(8.0)
    basis = torch.cos((2 * place[None, :] + 1) * place[:, None] * math.pi / 16) * 0.5
    basis[0] /= math.sqrt(2)
    return basis


_BASIS = _cosine_basis()


def _jpeg_like(picture: Tensor, step: float) -> Tensor:
    """Rounds the cosine coefficients of 8x8 blocks, the finer ones more coarsely."""
    batch, bands, side, _ = picture.shape
    blocks = picture.view(batch, bands, side // 8, 8, side // 8, 8).transpose(3, 4)
    coefficients = _BASIS @ blocks @ _BASIS.T
    steps = step * (1 + torch.arange(8.0)[:, None] + torch.arange(8.0))
    coefficients = torch.round(coefficients / steps) * steps
    return (_BASIS.T @ coefficients @ _BASIS).transpose(3, 4).reshape(batch, bands, side, side)


def compose(sheet: SpriteSheet, things: Tensor, counts: Tensor) -> tuple[Tensor, Tensor, list[str]]:
    """Scenes with the first counts[i] of things[i]: pictures [B, 3, S, S], sizes [B], colours of backgrounds."""
    picture, colours = backgrounds(len(counts))
    centres, sizes, angles = layout(counts)
    for slot in range(MOST):
        rows = (counts > slot).nonzero()[:, 0]
        part = picture[rows]
        _draw(part, sheet, sheet.pick(things[rows, slot]), centres[rows, slot], sizes[rows, slot], angles[rows, slot])
        picture[rows] = part
    return _weather(picture), sizes[:, 0], colours


def paint(things: list[Thing], chance: numpy.random.Generator, side: int = 224) -> Image.Image:
    """The same kind of scene drawn with Pillow, for evaluation and demonstration."""
    picture = _paint_background(chance, side)
    turn = chance.uniform(0, 2 * math.pi)
    for slot, thing in enumerate(things):
        low, high = ((0.4, 0.9), (0.36, 0.55), (0.3, 0.45))[len(things) - 1]
        size = chance.uniform(low, high)
        drawings = sprites(thing)
        drawing = drawings[chance.integers(len(drawings))]
        pixels = int(size * side)
        drawing = drawing.resize((pixels, pixels), Image.Resampling.BICUBIC)
        drawing = drawing.rotate(chance.uniform(-28, 28), Image.Resampling.BICUBIC, expand=True)
        if len(things) == 1:
            reach = 0.5 * (1 - size)
            centre = 0.5 + chance.uniform(-reach, reach), 0.5 + chance.uniform(-reach, reach)
        else:
            angle = turn + 2 * math.pi * slot / len(things)
            right, down = chance.uniform(-0.04, 0.04), chance.uniform(-0.04, 0.04)
            centre = 0.5 + 0.26 * math.cos(angle) + right, 0.5 + 0.26 * math.sin(angle) + down
        at = int(centre[0] * side - drawing.width / 2), int(centre[1] * side - drawing.height / 2)
        picture.paste(drawing, at, drawing)
    for enhance in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        picture = enhance(picture).enhance(chance.uniform(0.8, 1.2))
    if chance.random() < 0.3:
        picture = picture.filter(ImageFilter.GaussianBlur(chance.uniform(0.5, 2.0)))
    if chance.random() < 0.3:
        grain = chance.normal(0, chance.uniform(2, 9), (side, side, 1))
        picture = Image.fromarray((numpy.asarray(picture) + grain).clip(0, 255).astype(numpy.uint8))
    return picture


def _paint_background(chance: numpy.random.Generator, side: int) -> Image.Image:
    def colour() -> numpy.ndarray:
        pick = chance.random()
        if pick < 0.4:
            return numpy.array(COLOURS[COLOUR_NAMES[chance.integers(len(COLOUR_NAMES))]], dtype=float)
        return chance.uniform(130, 256, 3) if pick < 0.75 else chance.uniform(0, 256, 3)

    first, second, kind = colour(), colour(), chance.random()
    if kind < 0.4:
        mix = numpy.zeros((side, side))
    elif kind < 0.7:
        turn, axis = chance.uniform(0, 2 * math.pi), numpy.linspace(-1, 1, side)
        mix = (math.cos(turn) * axis[None, :] + math.sin(turn) * axis[:, None]) / 2.8 + 0.5
    else:
        cells = int(chance.integers(3, 12))
        small = Image.fromarray(chance.uniform(0, 1, (cells, cells)).astype(numpy.float32))
        mix = numpy.asarray(small.resize((side, side), Image.Resampling.BICUBIC))
    pixels = first + (second - first) * mix[..., None]
    return Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8))
