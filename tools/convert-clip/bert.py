"""A text encoder of BERT's family: BERT, RoBERTa, XLM-RoBERTa and DistilBERT, with what open_clip or sentence-transformers put
behind it."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from plans import BertPlan, Shape
from towers import Activation


class Layer(nn.Module):
    """The norm comes after what it norms, other than in CLIP."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.queries_keys_values = nn.Linear(shape.width, 3 * shape.width)
        self.attention_out = nn.Linear(shape.width, shape.width)
        self.after_attention = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.widen = nn.Linear(shape.width, shape.perceptron)
        self.activation = Activation(shape.activation)
        self.narrow = nn.Linear(shape.perceptron, shape.width)
        self.after_perceptron = nn.LayerNorm(shape.width, eps=shape.epsilon)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, length, width = x.shape
        joined = self.queries_keys_values(x)
        q, k, v = joined.view(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = self.after_attention(x + self.attention_out(attended.transpose(1, 2).reshape(x.shape)))
        return self.after_perceptron(x + self.narrow(self.activation(self.widen(x))))


class BertEncoder(nn.Module):
    """int64 [B, L], filled up with the padding's id, to float32 [B, D], unit length. Padding never counts."""

    def __init__(self, plan: BertPlan) -> None:
        super().__init__()
        width = plan.shape.width
        self.pad, self.first_position, self.mean = plan.pad, plan.first_position, plan.pool == "mean"
        self.tokens = nn.Embedding(plan.vocabulary, width)
        self.positions = nn.Embedding(plan.positions, width)
        self.kind = nn.Parameter(torch.zeros(width))
        self.before = nn.LayerNorm(width, eps=plan.shape.epsilon)
        self.layers = nn.ModuleList(Layer(plan.shape) for _ in range(plan.shape.layers))
        behind = []
        for layer in plan.layers:
            behind.append(nn.Linear(layer["in"], layer["out"], bias=layer["bias"]))
            if layer["then"]:
                behind.append({"gelu": nn.GELU(), "tanh": nn.Tanh()}[layer["then"]])
        self.behind = nn.Sequential(*behind)

    def forward(self, ids: Tensor) -> Tensor:
        keep = ids != self.pad
        places = (torch.cumsum(keep.to(torch.int64), dim=1) - 1).clamp(min=0) + self.first_position
        x = self.before(self.tokens(ids) + self.positions(places) + self.kind)
        mask = keep.unsqueeze(1).unsqueeze(1)
        for layer in self.layers:
            x = layer(x, mask)
        if self.mean:
            weights = keep.to(torch.float32).unsqueeze(2)
            x = (x * weights).sum(dim=1) / weights.sum(dim=1)
        else:
            x = x[:, 0]
        return F.normalize(self.behind(x), dim=-1)
