"""torchvision, which timm and open_clip import for pictures and for training; neither is asked of it here."""

import sys
from pathlib import Path

# It looks for torchvision, so it comes before the stand-in.
from transformers import CLIPImageProcessorPil  # noqa: F401

sys.path.append(str(Path(__file__).resolve().parent.parent / "convert-clip"))

from timm_tower import without_torchvision  # noqa: E402, F401
