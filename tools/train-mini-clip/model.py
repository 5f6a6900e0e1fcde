"""The two encoders. Both answer unit vectors of DIMENSION numbers; the image encoder takes raw bytes."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

DIMENSION = 512
IMAGE_SIZE = 64
CONTEXT_LENGTH = 32
MEAN = (0.5, 0.5, 0.5)
STD = (0.25, 0.25, 0.25)
PAD, BOS, EOS = 0, 1, 2


def _convolution(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )


class ResidualBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = _convolution(inputs, outputs, 3, stride)
        self.second = _convolution(outputs, outputs, 3, 1)
        same = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if same else _convolution(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x))


class ImageEncoder(nn.Module):
    """uint8 [B, S, S, 3] RGB to float32 [B, DIMENSION], unit length."""

    def __init__(self, stem: int = 32, widths: tuple[int, ...] = (64, 128, 256), depth: int = 2) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1))
        layers: list[nn.Module] = [_convolution(3, stem, 5, 2), nn.ReLU()]
        inputs = stem
        for width in widths:
            for block in range(depth):
                layers.append(ResidualBlock(inputs, width, 2 if block == 0 else 1))
                inputs = width
        self.body = nn.Sequential(*layers)
        self.projection = nn.Linear(inputs, DIMENSION)

    def features(self, pixels: Tensor) -> Tensor:
        """float [B, 3, S, S] in 0..1 to [B, DIMENSION], not yet normalised."""
        x = self.body((pixels - self.mean) / self.std)
        return self.projection(x.mean(dim=(2, 3)))

    def forward(self, image: Tensor) -> Tensor:
        pixels = image.permute(0, 3, 1, 2).to(torch.float32) / 255.0
        return F.normalize(self.features(pixels), dim=-1)


class TextBlock(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention = nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.before_perceptron = nn.LayerNorm(width)
        self.perceptron = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        joined = self.queries_keys_values(self.before_attention(x))
        split = joined.view(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        # written out: for sentences this short it trains several times faster than scaled_dot_product_attention
        scores = split[0] @ split[1].transpose(2, 3) * (width // self.heads) ** -0.5
        later = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1)
        attended = torch.softmax(scores.masked_fill(later, -1e4), dim=-1) @ split[2]
        x = x + self.attention_out(attended.transpose(1, 2).reshape(batch, length, width))
        return x + self.perceptron(self.before_perceptron(x))


class TextEncoder(nn.Module):
    """int64 [B, L] (BOS ... EOS, then anything) to float32 [B, DIMENSION], unit length.

    Attention is causal and the sentence is read at its first EOS, so what stands behind it never counts and no mask
    is needed. Tokens that mean the same share a row of the table: rows tells the row of each token, in int32 [vocabulary].
    """

    def __init__(self, rows: Tensor, width: int = 192, layers: int = 3, heads: int = 4) -> None:
        super().__init__()
        self.register_buffer("rows", rows.to(torch.int32))
        self.tokens = nn.Embedding(int(rows.max()) + 1, width)
        self.positions = nn.Parameter(torch.randn(CONTEXT_LENGTH, width) * 0.01)
        self.blocks = nn.Sequential(*[TextBlock(width, heads) for _ in range(layers)])
        self.last_norm = nn.LayerNorm(width)
        self.projection = nn.Linear(width, DIMENSION)
        nn.init.normal_(self.tokens.weight, std=0.02)

    def features(self, ids: Tensor) -> Tensor:
        x = self.tokens(self.rows[ids]) + self.positions[: ids.shape[1]]
        x = self.last_norm(self.blocks(x))
        end = (ids == 2).to(torch.int64).argmax(dim=1)
        return self.projection(x[torch.arange(ids.shape[0], device=ids.device), end])

    def forward(self, ids: Tensor) -> Tensor:
        return F.normalize(self.features(ids).to(torch.float32), dim=-1)
