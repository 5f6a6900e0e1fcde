"""Scenes: one to three things on a background. Twice: as batched tensors for training, and with Pillow for evaluation.

The two share their ranges but no code, on purpose: a model that only knows the trainer's own drawing would be seen.
"""

import math
import random
from collections.abc import Callable, Sequence

import numpy
import torch
import torch.nn.functional as F
from PIL import Image, ImageEnhance, ImageFilter, ImageOps
from torch import Tensor

from model import IMAGE_SIZE
from things import COLOURS, TRAINING_ARTISTS, Thing, premultiplied, sprites, sprites_by

MIPS = (64, 32, 16)
MOST = 3
COLOUR_NAMES = list(COLOURS)
PALETTE = torch.tensor([COLOURS[name] for name in COLOUR_NAMES]) / 255.0
NONE = -1  # no colour asked for


class SpriteSheet:
    """Every drawing of every thing that training may see, at three sizes, as tensors."""

    def __init__(self, things: list[Thing], noto: float) -> None:
        """noto: the share of Noto's drawings; TRAINING_ARTISTS have the rest, each the same."""
        drawings, self.choices = [], []
        artist_shares = [noto] + [(1 - noto) / len(TRAINING_ARTISTS)] * len(TRAINING_ARTISTS)
        for thing in things:
            sets = [sprites(thing)] + [sprites_by(artist, thing) for artist in TRAINING_ARTISTS]
            sets = [(drawn, share) for drawn, share in zip(sets, artist_shares) if drawn]
            shares = [share / len(drawn) for drawn, share in sets for _ in drawn]
            first = len(drawings)
            drawings.extend(drawing for drawn, _ in sets for drawing in drawn)
            self.choices.append((range(first, len(drawings)), shares))
        self.mips = [
            torch.from_numpy(numpy.stack([premultiplied(drawing, size) for drawing in drawings]))
            .permute(0, 3, 1, 2)
            .contiguous()
            for size in MIPS
        ]
        self.colour_is_named = torch.tensor([bool(thing.colour) for thing in things])

    def pick(self, things: Tensor, chance: random.Random) -> Tensor:
        """One of the drawings of each thing, at random."""
        return torch.tensor([chance.choices(*self.choices[thing])[0] for thing in things.tolist()])


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


def backgrounds(wanted: Tensor) -> tuple[Tensor, list[str]]:
    """Pictures [B, 3, S, S] and the colour of each, "" where it has none to name. wanted [B]: palette index or NONE."""
    batch, asked = len(wanted), wanted != NONE
    choice = torch.where(asked, wanted, torch.randint(len(COLOUR_NAMES), (batch,)))
    named = asked | (torch.rand(batch) < 0.5)
    colour = PALETTE[choice] + _uniform((batch, 3), -0.09, 0.09)
    pale = torch.where(torch.rand(batch, 1) < 0.5, torch.ones(1), torch.zeros(1))
    free = torch.rand(batch, 3) * (1 - 0.45 * pale) + 0.45 * pale
    first = torch.where(named[:, None], colour, free)[:, :, None, None]
    near = first[:, :, 0, 0] + _uniform((batch, 3), -0.25, 0.25)
    second = torch.where(torch.rand(batch, 1) < 0.5, near, torch.rand(batch, 3))[:, :, None, None]

    kind = torch.where(asked, 0.0, torch.rand(batch))[:, None, None, None]  # plain < 0.35, gradient < 0.6, clouds < 0.85
    ramp = _ramp(batch)
    mix = torch.where(kind < 0.35, 0.0, torch.where(kind < 0.6, ramp, _clouds(batch, 0)))
    picture = first + (second - first) * mix
    busy = (kind[:, 0, 0, 0] >= 0.85).nonzero()[:, 0]
    if len(busy):  # as photographs have them: structure of all sizes, in colours of its own
        picture[busy] = 0.5 * picture[busy] + 0.5 * torch.cat([_clouds(len(busy), 3) for _ in range(3)], 1)
    plain = (kind[:, 0, 0, 0] < 0.35) & named
    names = [COLOUR_NAMES[number] if is_plain else "" for number, is_plain in zip(choice.tolist(), plain.tolist())]
    return picture.clamp(0, 1), names


def _ramp(batch: int) -> Tensor:
    """From 0 to 1 across the picture, in any direction: [B, 1, S, S]."""
    axis = torch.linspace(-1, 1, IMAGE_SIZE)
    turn = _uniform((batch, 1, 1), 0, 2 * math.pi)
    return ((turn.cos() * axis[None, None, :] + turn.sin() * axis[None, :, None]) / 2.8 + 0.5)[:, None]


def _clouds(batch: int, octaves: int) -> Tensor:
    """Smooth noise in 0..1, with finer and fainter layers on top: [B, 1, S, S]."""
    total, weight = torch.zeros(batch, 1, IMAGE_SIZE, IMAGE_SIZE), 0.0
    cells = int(torch.randint(3, 14, ()))
    for octave in range(octaves + 1):
        noise = torch.rand(batch, 1, min(cells, IMAGE_SIZE), min(cells, IMAGE_SIZE))
        total += 0.6**octave * F.interpolate(noise, size=IMAGE_SIZE, mode="bicubic", align_corners=False)
        weight, cells = weight + 0.6**octave, cells * 2
    return total / weight


def _layer(sheet: SpriteSheet, drawings: Tensor, centres: Tensor, sizes: Tensor, angles: Tensor) -> Tensor:
    """One drawing on each picture, turned, stretched, sheared, some mirrored and some warped: [B, 4, S, S], premultiplied."""
    batch = len(drawings)
    stretch = 1 + _uniform((batch,), -0.16, 0.16)
    cos, sin = angles.cos(), angles.sin()
    shear = _uniform((batch,), -0.2, 0.2) * (torch.rand(batch) < 0.5)
    mirror = torch.where(torch.rand(batch) < 0.25, -1.0, 1.0)
    wide, high = sizes * stretch * mirror, sizes / stretch
    matrix = torch.zeros(batch, 2, 3)
    matrix[:, 0, 0], matrix[:, 0, 1] = (cos + shear * sin) / wide, (sin - shear * cos) / wide
    matrix[:, 1, 0], matrix[:, 1, 1] = -sin / high, cos / high
    matrix[:, :, 2] = -(matrix[:, :, :2] @ centres[:, :, None])[:, :, 0]
    pixels = sizes * IMAGE_SIZE
    level = torch.where(pixels > 40, 0, torch.where(pixels > 20, 1, 2))
    warp = F.interpolate(torch.randn(batch, 2, 4, 4), size=IMAGE_SIZE, mode="bicubic", align_corners=False)
    warp = warp.permute(0, 2, 3, 1) * (_uniform((batch, 1, 1, 1), 0, 0.09) * (torch.rand(batch, 1, 1, 1) < 0.4))
    layer = torch.empty(batch, 4, IMAGE_SIZE, IMAGE_SIZE)
    for number, mip in enumerate(sheet.mips):
        rows = (level == number).nonzero()[:, 0]
        if len(rows) == 0:
            continue
        grid = F.affine_grid(matrix[rows], [len(rows), 4, IMAGE_SIZE, IMAGE_SIZE], align_corners=False) + warp[rows]
        layer[rows] = F.grid_sample(mip[drawings[rows]], grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return layer


def _grey(rgb: Tensor) -> Tensor:
    return 0.299 * rgb[:, :1] + 0.587 * rgb[:, 1:2] + 0.114 * rgb[:, 2:]


def _tinted(layer: Tensor, colours: Tensor) -> Tensor:
    """The drawing in shades of one colour [n, 3]."""
    alpha, grey = layer[:, 3:], _grey(layer[:, :3])
    middle = grey.sum((2, 3), keepdim=True) / alpha.sum((2, 3), keepdim=True).clamp(min=1)
    depth = _uniform((len(layer), 1, 1, 1), 0.35, 0.9)
    rgb = alpha * colours[:, :, None, None] + (grey - alpha * middle) * depth
    return torch.cat([torch.minimum(rgb.clamp(min=0), alpha), alpha], 1)


def _recoloured(layer: Tensor) -> Tensor:
    """The three channels mixed anew."""
    mix = torch.softmax(torch.randn(len(layer), 3, 3) * 2.5, -1)
    return torch.cat([torch.einsum("nij,njhw->nihw", mix, layer[:, :3]), layer[:, 3:]], 1)


def _flat(layer: Tensor) -> Tensor:
    """Smoothed, then few shades of each channel."""
    alpha = layer[:, 3:]
    soft = F.avg_pool2d(layer[:, :3], 3, 1, 1) / F.avg_pool2d(alpha, 3, 1, 1).clamp(min=0.05)
    steps = torch.randint(2, 5, (len(layer), 1, 1, 1)).float()
    return torch.cat([torch.round(soft.clamp(0, 1) * steps) / steps * alpha, alpha], 1)


_SOBEL = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 4
_EDGES = torch.stack([_SOBEL, _SOBEL.T])[:, None]


def _outline(layer: Tensor) -> Tensor:
    """Strokes in one dark colour where the drawing changes, on paper or on nothing."""
    alpha = layer[:, 3:]
    both = torch.cat([_grey(layer[:, :3]) + 0.5 * alpha, alpha], 1).view(-1, 1, IMAGE_SIZE, IMAGE_SIZE)
    edges = F.conv2d(both, _EDGES, padding=1).pow(2).sum(1).sqrt().view(-1, 2, IMAGE_SIZE, IMAGE_SIZE).amax(1, keepdim=True)
    stroke = (edges * _uniform((len(layer), 1, 1, 1), 1.5, 3.5)).clamp(0, 1)
    ink = torch.rand(len(layer), 3, 1, 1) * 0.35
    paper = torch.where(torch.rand(len(layer), 1, 1, 1) < 0.6, 1.0, 0.0) * alpha * (1 - stroke)
    return torch.cat([stroke * ink + paper * _uniform((len(layer), 3, 1, 1), 0.8, 1.0), stroke + paper], 1)


def _silhouette(layer: Tensor) -> Tensor:
    return torch.cat([layer[:, 3:] * torch.rand(len(layer), 3, 1, 1), layer[:, 3:]], 1)


def _negative(layer: Tensor) -> Tensor:
    return torch.cat([layer[:, 3:] - layer[:, :3], layer[:, 3:]], 1)


def _greyed(layer: Tensor) -> Tensor:
    return torch.cat([_grey(layer[:, :3]).expand(-1, 3, -1, -1), layer[:, 3:]], 1)


# What may happen to a drawing of which no colour is told, and how often; the rest stays as drawn.
STYLES = ((_recoloured, 0.12), (_greyed, 0.08), (_flat, 0.09), (_outline, 0.08), (_silhouette, 0.02), (_negative, 0.02))


def _restyle(layer: Tensor, paints: Tensor, colour_is_named: Tensor, styled: float) -> Tensor:
    """paints [n]: palette index, or NONE for any style. A "red apple" that nobody asked to repaint stays red."""
    painted = (paints != NONE).nonzero()[:, 0]
    if len(painted):
        layer[painted] = _tinted(layer[painted], PALETTE[paints[painted]] + _uniform((len(painted), 3), -0.07, 0.07))
    lot = torch.where((paints == NONE) & ~colour_is_named, torch.rand(len(layer)), 1.0)
    low = 0.0
    for style, share in STYLES:
        rows = ((lot >= low) & (lot < low + share * styled)).nonzero()[:, 0]
        if len(rows):
            layer[rows] = style(layer[rows])
        low += share * styled
    return layer


def _draw(picture: Tensor, layer: Tensor) -> Tensor:
    """The layer over the picture, some with a shadow."""
    alpha = layer[:, 3:]
    shift = [int(shift) for shift in torch.randint(-4, 5, (2,))]
    shadow = F.avg_pool2d(torch.roll(alpha, shift, (2, 3)), 5, 1, 2)
    depth = _uniform((len(layer), 1, 1, 1), 0.2, 0.6) * (torch.rand(len(layer), 1, 1, 1) < 0.25)
    return picture * (1 - shadow * depth) * (1 - alpha) + layer[:, :3]


def _weather(picture: Tensor) -> Tensor:
    """Light, contrast, colour, blur, JPEG blocks and grain."""
    batch = picture.shape[0]
    one = (batch, 1, 1, 1)
    picture = picture * _uniform(one, 0.75, 1.2) * _uniform((batch, 3, 1, 1), 0.93, 1.07)
    lit = _uniform(one, 0.0, 0.5) * (torch.rand(one) < 0.3)
    picture = picture * (1 - lit * _ramp(batch))
    picture = (picture - 0.5) * _uniform(one, 0.75, 1.2) + 0.5
    grey = picture.mean(dim=1, keepdim=True)
    picture = grey + (picture - grey) * _uniform(one, 0.65, 1.3)

    blurred = (torch.rand(batch) < 0.4).nonzero()[:, 0]
    if len(blurred):
        sigma = float(_uniform((), 0.3, 1.0))
        weights = torch.exp(-torch.arange(-2.0, 3.0) ** 2 / (2 * sigma**2))
        weights = (weights / weights.sum()).repeat(3, 1)
        wide = F.pad(picture[blurred], (2, 2, 2, 2), mode="replicate")
        soft = F.conv2d(wide, weights[:, None, :, None], groups=3)
        picture[blurred] = F.conv2d(soft, weights[:, None, None, :], groups=3)

    blocky = (torch.rand(batch) < 0.2).nonzero()[:, 0]
    if len(blocky):
        picture[blocky] = _jpeg_like(picture[blocky], float(_uniform((), 0.03, 0.12)))
    grainy = (torch.rand(one) < 0.5) * _uniform(one, 0.0, 0.07)
    grain = torch.randn_like(picture)
    grain = torch.where(torch.rand(one) < 0.5, grain, grain[:, :1])
    return (picture + grain * grainy).clamp(0, 1)


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


def compose(
    sheet: SpriteSheet,
    things: Tensor,
    counts: Tensor,
    paints: Tensor,
    grounds: Tensor,
    chance: random.Random,
    styled: float = 1.0,
) -> tuple[Tensor, Tensor, list[str]]:
    """Scenes with the first counts[i] of things[i]: pictures [B, 3, S, S], sizes [B], colours of backgrounds.

    paints [B, 3] and grounds [B] are palette indices of the colours asked for, or NONE. Of
    the drawings that STYLES would change, the share styled is changed.
    """
    picture, colours = backgrounds(grounds)
    centres, sizes, angles = layout(counts)
    for slot in range(MOST):
        rows = (counts > slot).nonzero()[:, 0]
        numbers = things[rows, slot]
        layer = _layer(sheet, sheet.pick(numbers, chance), centres[rows, slot], sizes[rows, slot], angles[rows, slot])
        layer = _restyle(layer, paints[rows, slot], sheet.colour_is_named[numbers], styled)
        picture[rows] = _draw(picture[rows], layer)
    return _weather(picture), sizes[:, 0], colours


def paint(
    things: list[Thing],
    chance: numpy.random.Generator,
    side: int = 224,
    drawn_by: Callable[[Thing], list[Image.Image]] = sprites,
    paints: Sequence[str] = (),
    ground: str = "",
) -> Image.Image:
    """The same kind of scene drawn with Pillow, for evaluation and demonstration. Colours by name: of things, of the ground."""
    picture = Image.new("RGB", (side, side), COLOURS[ground]) if ground else _paint_background(chance, side)
    turn = chance.uniform(0, 2 * math.pi)
    for slot, thing in enumerate(things):
        low, high = ((0.4, 0.9), (0.36, 0.55), (0.3, 0.45))[len(things) - 1]
        size = chance.uniform(low, high)
        drawings = drawn_by(thing)
        drawing = drawings[chance.integers(len(drawings))]
        if paints:
            drawing = _repaint(drawing, COLOURS[paints[slot]])
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


def _repaint(drawing: Image.Image, colour: tuple[int, int, int]) -> Image.Image:
    dark, light = (tuple(int(end + (value - end) * share) for value in colour) for end, share in ((0, 0.35), (255, 0.55)))
    shades = ImageOps.colorize(ImageOps.autocontrast(drawing.convert("L")), dark, light, colour)
    shades.putalpha(drawing.getchannel("A"))
    return shades


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
