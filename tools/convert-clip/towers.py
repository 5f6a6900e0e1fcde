"""The two encoders of a CLIP, written so that TorchScript runs them fast. Both answer vectors of unit length."""

from dataclasses import dataclass
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Shape:
    """What a transformer's weights do not say, and what they do."""

    width: int
    layers: int
    heads: int
    perceptron: int
    activation: str
    epsilon: float = 1e-5


class Block(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.quick = shape.activation == "quick_gelu"
        self.before_attention = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.queries_keys_values = nn.Linear(shape.width, 3 * shape.width)
        self.attention_out = nn.Linear(shape.width, shape.width)
        self.before_perceptron = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.widen = nn.Linear(shape.width, shape.perceptron)
        self.narrow = nn.Linear(shape.perceptron, shape.width)

    def forward(self, x: Tensor, only: Optional[Tensor], causal: bool) -> Tensor:
        """[B, L, W] to the same; given the place of one token in each row, to [B, 1, W]."""
        batch, length, width = x.shape
        joined = self.queries_keys_values(self.before_attention(x))
        q, k, v = joined.view(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        mask: Optional[Tensor] = None
        if only is not None:
            rows = torch.arange(batch, device=x.device)
            x = x[rows, only].unsqueeze(1)
            q = q[rows, :, only].unsqueeze(2)
            if causal:
                mask = (torch.arange(length, device=x.device) <= only.unsqueeze(1)).view(batch, 1, 1, length)
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal and only is None)
        x = x + self.attention_out(attended.transpose(1, 2).reshape(x.shape))
        wide = self.widen(self.before_perceptron(x))
        wide = wide * torch.sigmoid(1.702 * wide) if self.quick else F.gelu(wide)
        return x + self.narrow(wide)


class Transformer(nn.Module):
    """All blocks, read at one token of each row: the last block computes only that one."""

    def __init__(self, shape: Shape, causal: bool) -> None:
        super().__init__()
        self.causal = causal
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers - 1))
        self.last = Block(shape)

    def forward(self, x: Tensor, place: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x, None, self.causal)
        return self.last(x, place, self.causal).squeeze(1)


class ImageEncoder(nn.Module):
    """uint8 [B, S, S, 3] RGB to float32 [B, D], unit length."""

    def __init__(self, shape: Shape, size: int, patch: int, dimension: int, mean, std) -> None:
        super().__init__()
        self.patch = patch
        self.grid = size // patch
        scale = 1 / (255 * torch.tensor(std, dtype=torch.float64))
        shift = -torch.tensor(mean, dtype=torch.float64) / torch.tensor(std, dtype=torch.float64)
        self.register_buffer("scale", scale.float().repeat(patch * patch))
        self.register_buffer("shift", shift.float().repeat(patch * patch))
        # Patches do not overlap, so their convolution is one product of matrices. It and the projection are parameters,
        # not layers, so that quantization leaves them alone: they cost little and are where it would hurt.
        self.patches = nn.Parameter(torch.zeros(shape.width, patch * patch * 3))
        self.class_token = nn.Parameter(torch.zeros(shape.width))
        self.positions = nn.Parameter(torch.zeros(self.grid * self.grid + 1, shape.width))
        self.before = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.transformer = Transformer(shape, causal=False)
        self.after = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.projection = nn.Parameter(torch.zeros(shape.width, dimension))

    def forward(self, image: Tensor) -> Tensor:
        batch, grid, patch = image.shape[0], self.grid, self.patch
        whole = image[:, : grid * patch, : grid * patch]
        pixels = whole.reshape(batch, grid, patch, grid, patch, 3).transpose(2, 3).reshape(batch, grid * grid, -1)
        x = F.linear(pixels.to(torch.float32) * self.scale + self.shift, self.patches)
        x = torch.cat([self.class_token.expand(batch, 1, -1), x], dim=1) + self.positions
        first = torch.zeros(batch, dtype=torch.int64, device=x.device)
        x = self.after(self.transformer(self.before(x), first))
        return F.normalize(x @ self.projection, dim=-1)


class TextEncoder(nn.Module):
    """int64 [B, L] (start ... end, then anything) to float32 [B, D], unit length.

    Attention is causal and a text is read at its first end, so what stands behind it never counts and no mask is needed.
    """

    def __init__(self, shape: Shape, vocabulary: int, context: int, dimension: int, end: Optional[int]) -> None:
        super().__init__()
        # Without an end the highest id is where a text is read, as CLIP began; -1 because TorchScript likes an int.
        self.end = -1 if end is None else end
        self.tokens = nn.Embedding(vocabulary, shape.width)
        self.positions = nn.Parameter(torch.zeros(context, shape.width))
        self.transformer = Transformer(shape, causal=True)
        self.after = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.projection = nn.Parameter(torch.zeros(shape.width, dimension))

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tokens(ids) + self.positions[: ids.shape[1]]
        place = (ids if self.end < 0 else (ids == self.end).to(torch.int64)).argmax(dim=1)
        return F.normalize(self.after(self.transformer(x, place)) @ self.projection, dim=-1)
