"""The two encoders of a CLIP, written so that TorchScript runs them fast. Both answer vectors of unit length."""

from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from plans import Shape, TextPlan, VisionPlan


class Activation(nn.Module):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, x: Tensor) -> Tensor:
        if self.kind == "quick_gelu":
            return x * torch.sigmoid(1.702 * x)
        if self.kind == "gelu_tanh":
            return F.gelu(x, approximate="tanh")
        if self.kind == "relu":
            return F.relu(x)
        return F.gelu(x)


class Block(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.before_attention = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.queries_keys_values = nn.Linear(shape.width, 3 * shape.width)
        self.attention_out = nn.Linear(shape.width, shape.width)
        self.before_perceptron = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.widen = nn.Linear(shape.width, shape.perceptron)
        self.activation = Activation(shape.activation)
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
        return x + self.narrow(self.activation(self.widen(self.before_perceptron(x))))


class Transformer(nn.Module):
    """All blocks. Where one token of each row is read, the last block computes only that one."""

    def __init__(self, shape: Shape, causal: bool) -> None:
        super().__init__()
        self.causal = causal
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers - 1))
        self.last = Block(shape)

    def forward(self, x: Tensor, place: Optional[Tensor]) -> Tensor:
        for block in self.blocks:
            x = block(x, None, self.causal)
        return self.last(x, place, self.causal)


class AttentionPool(nn.Module):
    """One learned query asks all tokens; then a perceptron."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.query = nn.Parameter(torch.zeros(1, 1, shape.width))
        self.queries_keys_values = nn.Linear(shape.width, 3 * shape.width)
        self.attention_out = nn.Linear(shape.width, shape.width)
        self.before_perceptron = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.widen = nn.Linear(shape.width, shape.perceptron)
        self.activation = Activation(shape.activation)
        self.narrow = nn.Linear(shape.perceptron, shape.width)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        joined = self.queries_keys_values(torch.cat([self.query.expand(batch, -1, -1), x], dim=1))
        q, k, v = joined.view(batch, length + 1, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        attended = F.scaled_dot_product_attention(q[:, :, :1], k[:, :, 1:], v[:, :, 1:])
        pooled = self.attention_out(attended.transpose(1, 2).reshape(batch, width))
        return pooled + self.narrow(self.activation(self.widen(self.before_perceptron(pooled))))


class ImageEncoder(nn.Module):
    """uint8 [B, S, S, 3] RGB to float32 [B, D], unit length."""

    def __init__(self, plan: VisionPlan, dimension: int, mean, std) -> None:
        super().__init__()
        shape, self.patch, self.grid = plan.shape, plan.patch, plan.size // plan.patch
        self.has_class, self.pool, self.norm_pooled, self.projects = (
            plan.class_token, plan.pool, plan.norm_pooled, plan.projection)
        scale = 1 / (255 * torch.tensor(std, dtype=torch.float64))
        shift = -torch.tensor(mean, dtype=torch.float64) / torch.tensor(std, dtype=torch.float64)
        self.register_buffer("scale", scale.float().repeat(plan.patch * plan.patch))
        self.register_buffer("shift", shift.float().repeat(plan.patch * plan.patch))
        # Patches do not overlap, so their convolution is one product of matrices. It and the projection are parameters,
        # not layers, so that quantization leaves them alone: they cost little and are where it would hurt.
        self.patches = nn.Parameter(torch.zeros(shape.width, plan.patch * plan.patch * 3))
        self.patches_bias = nn.Parameter(torch.zeros(shape.width))
        self.class_token = nn.Parameter(torch.zeros(shape.width))
        self.positions = nn.Parameter(torch.zeros(self.grid * self.grid + int(plan.class_token), shape.width))
        self.before = nn.LayerNorm(shape.width, eps=shape.epsilon) if plan.norm_before else nn.Identity()
        self.transformer = Transformer(shape, causal=False)
        self.after = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.attention = AttentionPool(shape) if plan.pool == "attention" else nn.Identity()
        self.projection = nn.Parameter(torch.zeros(dimension, shape.width) if plan.projection else torch.zeros(0))

    def forward(self, image: Tensor) -> Tensor:
        batch, grid, patch = image.shape[0], self.grid, self.patch
        whole = image[:, : grid * patch, : grid * patch]
        pixels = whole.reshape(batch, grid, patch, grid, patch, 3).transpose(2, 3).reshape(batch, grid * grid, -1)
        x = F.linear(pixels.to(torch.float32) * self.scale + self.shift, self.patches, self.patches_bias)
        if self.has_class:
            x = torch.cat([self.class_token.expand(batch, 1, -1), x], dim=1)
        x = self.before(x + self.positions)
        if self.pool == "token":
            x = self.after(self.transformer(x, torch.zeros(batch, dtype=torch.int64, device=x.device)).squeeze(1))
        else:
            x = self.transformer(x, None)
            if not self.norm_pooled:
                x = self.after(x)
            if self.pool == "average":
                x = (x[:, 1:] if self.has_class else x).mean(dim=1)
            else:
                x = self.attention(x)
            if self.norm_pooled:
                x = self.after(x)
        if self.projects:
            x = F.linear(x, self.projection)
        return F.normalize(x, dim=-1)


class TextEncoder(nn.Module):
    """int64 [B, L] to float32 [B, D], unit length.

    With causal attention a text is read at its end, so what stands behind it never counts and no mask is needed. Without, all
    tokens count, and each text is filled up to the context length.
    """

    def __init__(self, plan: TextPlan, dimension: int) -> None:
        super().__init__()
        width = plan.shape.width
        self.pool, self.end, self.projects = plan.pool, plan.end, plan.projection
        self.tokens = nn.Embedding(plan.vocabulary, width)
        self.positions = nn.Parameter(torch.zeros(plan.context, width))
        self.transformer = Transformer(plan.shape, causal=plan.causal)
        self.after = nn.LayerNorm(width, eps=plan.shape.epsilon)
        self.projection = nn.Parameter(torch.zeros(dimension, width) if plan.projection else torch.zeros(0))
        self.projection_bias = nn.Parameter(torch.zeros(dimension) if plan.projection else torch.zeros(0))

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tokens(ids) + self.positions[: ids.shape[1]]
        if self.pool == "highest":
            place = ids.argmax(dim=1)
        elif self.pool == "end":
            place = (ids == self.end).to(torch.int64).argmax(dim=1)
        else:
            place = torch.zeros(ids.shape[0], dtype=torch.int64, device=ids.device)
            if self.pool == "last":
                place = place + (ids.shape[1] - 1)
        x = self.after(self.transformer(x, place).squeeze(1))
        if self.projects:
            x = F.linear(x, self.projection, self.projection_bias)
        return F.normalize(x, dim=-1)
