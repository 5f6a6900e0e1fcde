"""CPU time of the encoders of the recommended models on one thread, with random weights: python speed.py [NAME or MODEL FOLDER...]

Without arguments all of SHAPES. A folder is one that scripts/get-model made. PyTorch runs the encoders, as the service does, but a
newer version of it.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch

sys.path.append(str(Path(__file__).resolve().parent.parent / "convert-clip"))

from bert import BertEncoder  # noqa: E402
from plans import BertPlan, Shape, TextPlan, VisionPlan  # noqa: E402
from towers import ImageEncoder, TextEncoder  # noqa: E402

WORDS = 8
HALF = (0.5, 0.5, 0.5)


def siglip(width: int, layers: int, heads: int, perceptron: int, size: int, patch: int) -> tuple:
    shape = Shape(width, layers, heads, perceptron, "gelu_tanh", 1e-6)
    return (VisionPlan(shape, size, patch, False, False, "attention", projection=False),
            TextPlan(shape, 256_000, 64, False, "last", projection_bias=True), width, 64)


def clip_image() -> VisionPlan:
    return VisionPlan(Shape(768, 12, 12, 3072, "gelu"), 224, 32)


SHAPES = {
    "clip-vit-b-32-laion2b": lambda: (clip_image(), TextPlan(Shape(512, 12, 8, 2048, "gelu"), 49_408, 77), 512, WORDS),
    "siglip2-small": lambda: siglip(768, 12, 12, 3072, 256, 32),
    "siglip2-base": lambda: siglip(768, 12, 12, 3072, 224, 16),
    "siglip2-best": lambda: siglip(1152, 27, 16, 4304, 384, 14),
    "clip-xlm-roberta": lambda: (clip_image(), BertPlan(
        "xlm-roberta", Shape(768, 12, 12, 3072, "gelu"), 250_002, 514, 2, 1, 1, 77, "mean",
        [{"in": 768, "out": 640, "bias": False, "then": "gelu"}, {"in": 640, "out": 512, "bias": False, "then": None}]), 512, WORDS),
}


def cpu(call, times: int) -> float:
    call()
    call()
    spent = []
    for _ in range(times):
        start = time.process_time()
        call()
        spent.append(time.process_time() - start)
    return 1000 * statistics.median(spent)


def times(encoder, inputs: list[torch.Tensor], repeats: int) -> str:
    return " ".join(f"{cpu(lambda: encoder(one), repeats) / len(one):9.1f}" for one in inputs)


def pictures(size: int) -> list[torch.Tensor]:
    return [torch.randint(0, 256, (count, size, size, 3), dtype=torch.uint8) for count in (1, 8)]


def of_shape(name: str, int8: bool) -> None:
    from torch.ao.quantization import per_channel_dynamic_qconfig, quantize_dynamic

    image_plan, text_plan, dimension, tokens = SHAPES[name]()
    image = ImageEncoder(image_plan, dimension, HALF, HALF).eval()
    text = (BertEncoder(text_plan) if isinstance(text_plan, BertPlan) else TextEncoder(text_plan, dimension)).eval()
    size = image_plan.size
    ids = [torch.randint(5, 5000, (1, tokens))]
    repeats = 3 if size < 300 else 1
    for precision in ("fp32", "int8") if int8 else ("fp32",):
        towers = [image, text] if precision == "fp32" else [
            quantize_dynamic(tower, {torch.nn.Linear: per_channel_dynamic_qconfig}) for tower in (image, text)]
        some = pictures(size)[: 1 if size > 300 else 2]
        bytes_ = []
        answers = []
        for tower, inputs in zip(towers, (some, ids)):
            with tempfile.NamedTemporaryFile(suffix=".pt") as file:
                torch.jit.script(tower).save(file.name)
                bytes_.append(os.path.getsize(file.name) / 1e6)
                answers.append(times(torch.jit.load(file.name), inputs, repeats))
        print(f"{name:24} {precision} size {size} dimension {dimension} | picture alone, of 8: {answers[0]} | text of {tokens} tokens: "
              f"{answers[1]} | MB {bytes_[0]:.0f} + {bytes_[1]:.0f}", flush=True)


def of_folder(folder: str) -> None:
    with open(os.path.join(folder, "model.json"), encoding="utf-8") as file:
        described = json.load(file)
    size, text = described["image"]["size"], described["text"]
    tokens = text["contextLength"] if text["padToContext"] else WORDS
    files = [os.path.join(folder, described[part]["file"]) for part in ("image", "text")]
    image, words = (torch.jit.load(file) for file in files)
    print(f"{described['name']:24} fp32 size {size} dimension {described['dimension']} | picture alone, of 8: "
          f"{times(image, pictures(size), 3)} | text of {tokens} tokens: {times(words, [torch.randint(5, 400, (1, tokens))], 3)} | MB "
          + " + ".join(f"{os.path.getsize(file) / 1e6:.0f}" for file in files), flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print(f"torch {torch.__version__}; CPU ms on one thread, median")
    with torch.inference_mode(), torch.no_grad():
        for asked in sys.argv[1:] or SHAPES:
            of_folder(asked) if os.path.isdir(asked) else of_shape(asked, asked.startswith("siglip2-base"))
