"""Puts published weights into the encoders of towers.py and bert.py.

A plan says of each weight of ours what it is made of: `a`, the weight of that name; `a+b`, several below each other; `T:a`,
transposed; `P:a`, a convolution as a matrix over patches; `R:a`, the first row; `S:g|a`, each row of a times its number in g; and
`0`, nothing.
"""

import re

import torch
from torch import Tensor, nn

from bert import BertEncoder
from plans import BertPlan, Plan, TimmPlan, Unsupported
from towers import ImageEncoder, TextEncoder


def encoders(plan: Plan, weights: dict[str, Tensor], where: str) -> tuple[nn.Module, nn.Module]:
    """Both encoders, with all of the weights: what we do not know would be missing from the answer."""
    used: set[str] = set()
    if isinstance(plan.image, TimmPlan):
        from timm_tower import TimmTower

        trunk = {name: value for name, value in weights.items() if name.startswith("visual.")}
        used.update(trunk)
        image: nn.Module = TimmTower(plan.image, plan.dimension, plan.pictures, trunk, where)
    else:
        image = ImageEncoder(plan.image, plan.dimension, plan.pictures.mean, plan.pictures.std)
        _fill(image, "image.", plan.names, weights, used, where)
    text = BertEncoder(plan.text) if isinstance(plan.text, BertPlan) else TextEncoder(plan.text, plan.dimension)
    _fill(text, "text.", plan.names, weights, used, where)
    strange = [name for name in weights
               if name not in used and not any(re.fullmatch(pattern, name) for pattern in plan.ignored)]
    if strange:
        raise Unsupported(f"{where} has weights that no model of this kind has: {', '.join(strange[:3])}"
                          + (f" and {len(strange) - 3} more" if len(strange) > 3 else ""))
    for tower in (image, text):
        tower.eval().requires_grad_(False)
    return image, text


def _fill(tower: nn.Module, part: str, names: dict[str, str], weights: dict[str, Tensor], used: set[str], where: str) -> None:
    state = {}
    for key, wanted in tower.state_dict().items():
        recipe = names.get(part + key, "0")
        value = wanted if recipe == "0" else _made(recipe, weights, used, where).float()
        if value.shape != wanted.shape:
            raise Unsupported(f"{where}: {recipe} is {tuple(value.shape)}, expected {tuple(wanted.shape)}")
        state[key] = value
    tower.load_state_dict(state)


def _made(recipe: str, weights: dict[str, Tensor], used: set[str], where: str) -> Tensor:
    operation, name = (recipe[0], recipe[2:]) if recipe[1:2] == ":" else ("", recipe)
    parts = []
    for one in re.split(r"[+|]", name):
        if one not in weights:
            raise Unsupported(f"{where} lacks the weights {one}")
        used.add(one)
        parts.append(weights[one])
    if operation == "T":
        return parts[0].T
    if operation == "P":
        return parts[0].permute(0, 2, 3, 1).reshape(parts[0].shape[0], -1)
    if operation == "R":
        return parts[0][0]
    if operation == "S":
        gamma, value = (one.float() for one in parts)
        return value * gamma.view(-1, *[1] * (value.dim() - 1))
    return torch.cat(parts) if len(parts) > 1 else parts[0]
