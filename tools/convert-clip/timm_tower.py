"""An image encoder of timm, as open_clip wraps it. Written by tracing, so what it does may not depend on the pictures."""

import importlib.abc
import importlib.machinery
import sys
from unittest.mock import MagicMock

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from plans import Pictures, TimmPlan, Unsupported


class _Nothing(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Stands in for torchvision, which timm imports for its pictures and its training: neither is needed here."""

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torchvision":
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        module = MagicMock(name=spec.name)
        module.__path__, module.__spec__ = [], spec
        if spec.name == "torchvision.ops.misc":
            module.FrozenBatchNorm2d = type("FrozenBatchNorm2d", (nn.Module,), {})
        return module

    def exec_module(self, module) -> None:
        pass


def import_timm():
    try:
        import timm
    except ImportError:
        raise Unsupported("its image encoder is one of timm, which is missing: pip install --no-deps timm, and pip install "
                          "pyyaml huggingface_hub safetensors") from None
    return timm


def without_torchvision() -> None:
    """Unless a torchvision is there that works with this torch."""
    try:
        import torchvision.ops  # noqa: F401
    except Exception:  # a torchvision of another torch fails in many ways
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        sys.meta_path.insert(0, _Nothing())


class TimmTower(nn.Module):
    """uint8 [B, S, S, 3] RGB to float32 [B, D], unit length."""

    traced = True

    def __init__(self, plan: TimmPlan, dimension: int, pictures: Pictures, weights: dict[str, Tensor], where: str) -> None:
        super().__init__()
        without_torchvision()
        timm = import_timm()
        std = torch.tensor(pictures.std, dtype=torch.float64)
        self.register_buffer("scale", (1 / (255 * std)).float().view(3, 1, 1))
        self.register_buffer("shift", (-torch.tensor(pictures.mean, dtype=torch.float64) / std).float().view(3, 1, 1))
        if not timm.is_model(plan.model):
            raise Unsupported(f"{where}: timm {timm.__version__} has no model {plan.model}; a newer one may: pip install -U timm")
        # As open_clip: without a projection of its own timm's classifier is the projection.
        own = plan.projection in ("linear", "mlp")
        self.trunk = timm.create_model(plan.model, pretrained=False, **(
            {} if own else {"num_classes": 0 if plan.projection == "none" else dimension, "global_pool": plan.pool}))
        head: dict[str, nn.Module] = {}
        if own:
            self.trunk.reset_classifier(0, **({"global_pool": plan.pool} if plan.pool else {}))
            width = self.trunk.num_features
            if plan.projection == "linear":
                head["proj"] = nn.Linear(width, dimension, bias=plan.projection_bias)
            else:
                head["mlp"] = timm.layers.Mlp(width, 2 * dimension, dimension, bias=(True, plan.projection_bias))
        self.head = nn.Sequential()
        for name, module in head.items():
            self.head.add_module(name, module)
        expected = self.trunk.default_cfg.get("input_size", (3, plan.size, plan.size))[-1]
        if plan.size != expected and hasattr(self.trunk, "set_input_size"):
            self.trunk.set_input_size(plan.size)
        ours = {name.removeprefix("visual."): value.float() if value.is_floating_point() else value
                for name, value in weights.items()}
        try:
            self.load_state_dict({**ours, "scale": self.scale, "shift": self.shift})
        except RuntimeError as problem:
            raise Unsupported(f"{where} does not fit timm's {plan.model}: {' '.join(str(problem).split())[:300]}") from None
        self.eval()
        # Branches that training needs become one convolution each.
        self.trunk = timm.utils.reparameterize_model(self.trunk)

    def forward(self, image: Tensor) -> Tensor:
        x = image.permute(0, 3, 1, 2).to(torch.float32) * self.scale + self.shift
        return F.normalize(self.head(self.trunk(x)), dim=-1)
