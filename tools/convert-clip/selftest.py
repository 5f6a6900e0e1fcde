"""Randomly initialised CLIPs of real size in the forms they are published in, through scripts/get-model, against
transformers and open_clip: python selftest.py FOLDER. scripts/selftest get-model makes what it needs and calls it. Java's side
of a converted model is what scripts/selftest parity looks at.
"""

import gzip
import hashlib
import http.server
import json
import logging
import os
import subprocess
import sys
import threading
import time
import types
import warnings
from importlib.metadata import version

import numpy as np
import torch
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
OPENAI = "ViT-B-32.pt"
BAR = 0.9999
TEXTS = [
    "a photo of a cat", "two dogs on a beach", "A RED Apple", "", " ", "a", "pizza " * 120, "café au lait", "pin\u0303ata",
    "straße", "don't you're we'll I'd", "1234567890 !?.,;:-()", "猫", "一张猫的照片", "кошка на столе", "قطة", "חתול", "แมว", "고양이",
    "ねこ カタカナ", "बिल्ली", "\U0001f408\u200d\u2b1b and \U0001f355", "\U0001f1e9\U0001f1ea \U0001f468\u200d\U0001f469\u200d\U0001f467",
    "tabs\tand\nlines  and   blanks", "supercalifragilisticexpialidocious" * 9, "x" * 300, "e = mc² ½ ∑", "naïve façade",
    "http://example.org/a?b=c&d=e", "a_b-c/d\\e", "the quick brown fox jumps over the lazy dog",
]


def without_torchvision() -> None:
    """open_clip imports it for its pictures, which are not looked at here."""
    for name, members in {
        "torchvision": (), "torchvision.ops": (), "torchvision.ops.misc": ("FrozenBatchNorm2d",),
        "torchvision.transforms.functional": (), "torchvision.transforms": (
            "Normalize", "Compose", "RandomResizedCrop", "InterpolationMode", "ToTensor", "Resize", "CenterCrop", "ColorJitter",
            "Grayscale"),
    }.items():
        module = types.ModuleType(name)
        for member in members:
            setattr(module, member, type(member, (torch.nn.Module,), {"BICUBIC": 3, "BILINEAR": 2, "NEAREST": 0}))
        sys.modules[name] = module
    sys.modules["torchvision.transforms"].functional = sys.modules["torchvision.transforms.functional"]


def randomize(model: torch.nn.Module, seed: int) -> None:
    """Weights that tell inputs apart: as they come, an untrained model answers nearly the same to everything."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in model.named_parameters():
            noise = torch.randn(value.shape, generator=generator)
            if value.dim() < 2:
                value.copy_(0.1 * noise + (1 if "weight" in name else 0))
            elif "embedding" in name and "patch" not in name:
                value.copy_(0.5 * noise)
            else:
                value.copy_(1.2 * noise / value[0].numel() ** 0.5)


def pictures() -> list[Image.Image]:
    generator = np.random.default_rng(7)
    made = []
    for i in range(12):
        coarse = generator.integers(0, 256, (2 + 3 * i, 2 + 3 * i, 3), dtype=np.uint8)
        made.append(Image.fromarray(coarse).resize((224, 224), Image.BICUBIC))
    return made


class Hub(http.server.BaseHTTPRequestHandler):
    """Answers as the hub does: redirects large files and says their SHA-256, and serves parts."""

    protocol_version = "HTTP/1.1"
    folder = ""

    def do_GET(self) -> None:
        path = os.path.join(self.folder, self.path.lstrip("/").replace("/resolve/main/", "/"))
        if not os.path.isfile(path):
            return self._empty(404)
        size = os.path.getsize(path)
        if not self.path.startswith("/cdn/") and size > 1_000_000 and "/resolve/" in self.path:
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            self.send_response(302)
            self.send_header("X-Linked-ETag", f'"{digest}"')
            self.send_header("Location", "/cdn" + self.path.replace("/resolve/main/", "/"))
            self.send_header("Content-Length", "0")
            return self.end_headers()
        begin = int((self.headers.get("Range") or "bytes=0-")[len("bytes="):].rstrip("-"))
        if begin >= size > 0:
            return self._empty(416)
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{size - 1}/{size}")
        self.send_header("Content-Length", str(size - begin))
        self.end_headers()
        with open(path, "rb") as file:
            file.seek(begin)
            while block := file.read(1 << 20):
                self.wfile.write(block)

    def _empty(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def make_huggingface(folder: str, bpe: str, seed: int, old: bool, activation: str):
    from transformers import CLIPConfig, CLIPModel

    sys.path.insert(0, HERE)
    import tokenizer

    config = CLIPConfig(text_config={"hidden_act": activation, "eos_token_id": 2 if old else 49407, "bos_token_id": 49406},
                        vision_config={"hidden_act": activation}, projection_dim=512)
    model = CLIPModel(config)
    randomize(model, seed)
    model.eval().save_pretrained(folder)
    words = tokenizer.from_bpe(bpe)
    if old:
        os.remove(os.path.join(folder, "model.safetensors"))
        state = dict(model.state_dict())
        state["text_model.embeddings.position_ids"] = torch.arange(77).unsqueeze(0)
        state["vision_model.embeddings.position_ids"] = torch.arange(50).unsqueeze(0)
        torch.save(state, os.path.join(folder, "pytorch_model.bin"), _use_new_zipfile_serialization=False)
        with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
            written = json.load(file)
        written["text_config_dict"], written["vision_config_dict"] = written["text_config"], written["vision_config"]
        written["text_config"] = {"model_type": "clip_text_model"}
        written["vision_config"] = {"model_type": "clip_vision_model"}
        _write(folder, "config.json", written)
        _write(folder, "vocab.json", words["model"]["vocab"])
        with open(os.path.join(folder, "merges.txt"), "w", encoding="utf-8") as file:
            file.write("#version: 0.2\n" + "".join(f"{left} {right}\n" for left, right in words["model"]["merges"]))
        _write(folder, "preprocessor_config.json", {
            "crop_size": 224, "do_center_crop": True, "do_normalize": True, "do_resize": True, "resample": 3, "size": 224,
            "feature_extractor_type": "CLIPFeatureExtractor", "image_mean": MEAN, "image_std": STD})
    else:
        _write(folder, "tokenizer.json", words)
        _write(folder, "preprocessor_config.json", {
            "crop_size": {"height": 224, "width": 224}, "do_center_crop": True, "do_convert_rgb": True, "do_normalize": True,
            "do_rescale": True, "do_resize": True, "resample": 3, "rescale_factor": 1 / 255, "size": {"shortest_edge": 224},
            "image_processor_type": "CLIPImageProcessor", "image_mean": MEAN, "image_std": STD})

    def features(answer):
        return answer if torch.is_tensor(answer) else answer.pooler_output

    return (lambda pixels: features(model.get_image_features(pixel_values=pixels)),
            lambda ids: features(model.get_text_features(input_ids=ids)))


def make_open_clip(folder: str, kind: str, seed: int, archive: bool):
    import open_clip

    model = open_clip.create_model(kind, pretrained=None)
    randomize(model, seed)
    model.eval()
    os.makedirs(folder)
    if archive:
        for name, value in (("input_resolution", 224), ("context_length", 77), ("vocab_size", 49408)):
            if hasattr(model, name):
                delattr(model, name)
            model.register_buffer(name, torch.tensor(value))
        traced = torch.jit.trace_module(
            model, {"encode_image": torch.zeros(1, 3, 224, 224), "encode_text": torch.zeros(1, 77, dtype=torch.int64)},
            check_trace=False)
        traced.half()
        path = os.path.join(folder, OPENAI)
        traced.save(path)
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.makedirs(os.path.join(folder, digest))
        os.rename(path, os.path.join(folder, digest, OPENAI))
        model.float()  # the archive's weights are the model's own, so rounded like them
    else:
        _write(folder, "open_clip_config.json", {
            "model_cfg": open_clip.get_model_config(kind), "preprocess_cfg": {"mean": MEAN, "std": STD}})
        torch.save(model.state_dict(), os.path.join(folder, "open_clip_pytorch_model.bin"))
    return model.encode_image, model.encode_text


def _write(folder: str, name: str, value: object) -> None:
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        json.dump(value, file)


def get_model(folder: str, name: str, port: int, arguments: list[str]) -> None:
    base = f"http://127.0.0.1:{port}"
    environment = dict(os.environ, HF_ENDPOINT=base, GLIMPSE_OPENAI_CLIP_URL=base + "/openai",
                       GLIMPSE_CLIP_BPE_URL=base + "/bpe.gz", PYTHON=sys.executable)
    started = time.monotonic()
    command = [os.path.join(ROOT, "scripts", "get-model"), *arguments, "--to", os.path.join(folder, "models", name), "--name",
               name]
    print("$ get-model " + " ".join(argument.replace(folder, "FOLDER") for argument in arguments), flush=True)
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print("  " + done.stdout.strip().replace(folder, "FOLDER").replace(base, "HUB").replace("\n", "\n  "))
    print(f"  {time.monotonic() - started:.0f} s", flush=True)
    if done.returncode:
        sys.exit(f"get-model ended with {done.returncode}")


def compare(folder: str, name: str, reference, tokenized: list[list[int]], bars: tuple[float, float]) -> bool:
    from tokenizers import Tokenizer

    encode_image, encode_text = reference
    made = os.path.join(folder, "models", name)
    with open(os.path.join(made, "model.json"), encoding="utf-8") as file:
        described = json.load(file)

    def load(part: str):
        return torch.jit.load(os.path.join(made, described[part].get("int8File", described[part]["file"])))

    image_encoder, text_encoder = load("image"), load("text")
    words = Tokenizer.from_file(os.path.join(made, "tokenizer.json"))
    words.enable_truncation(77)
    ids = [words.encode(text).ids for text in TEXTS]
    same = sum(left == right for left, right in zip(ids, tokenized))
    crops = pictures()
    raw = torch.stack([torch.from_numpy(np.array(crop)) for crop in crops])
    pixels = (raw.permute(0, 3, 1, 2).float() / 255 - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    with torch.inference_mode():
        images = unit(encode_image(pixels))
        texts = torch.cat([unit(encode_text(padded(one))) for one in tokenized])
        image_cosines = (image_encoder(raw) * images).sum(1)
        text_cosines = torch.stack([(text_encoder(torch.tensor([one])) * text).sum() for one, text in zip(ids, texts)])
    print(f"{name}: token ids the same {same}/{len(TEXTS)}; cosine to the reference: images least {image_cosines.min():.7f} "
          f"median {image_cosines.median():.7f}, texts least {text_cosines.min():.7f} median {text_cosines.median():.7f}; "
          f"between different images {between(images):.3f}, texts {between(texts):.3f}", flush=True)
    return same == len(TEXTS) and image_cosines.min() >= bars[0] and text_cosines.min() >= bars[1]


def unit(vectors: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.normalize(vectors, dim=-1)


def padded(ids: list[int]) -> torch.Tensor:
    return torch.tensor([ids + [0] * (77 - len(ids))])


def between(vectors: torch.Tensor) -> float:
    """Mean cosine between different vectors."""
    count = len(vectors)
    return ((vectors @ vectors.T).sum().item() - count) / (count * (count - 1))


def reference_ids(folder: str) -> list[list[int]]:
    """transformers' own tokenizer, of vocab.json and merges.txt."""
    from transformers import CLIPTokenizer

    words = CLIPTokenizer.from_pretrained(folder)
    return [words(text, truncation=True, max_length=77)["input_ids"] for text in TEXTS]


def main() -> None:
    folder = os.path.abspath(sys.argv[1])
    os.makedirs(folder)
    warnings.filterwarnings("ignore")
    import transformers
    from transformers import CLIPModel, CLIPTokenizer  # noqa: F401  # looks for torchvision, so before its stand-in

    without_torchvision()
    import open_clip

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    logging.disable(logging.WARNING)
    torch.set_num_threads(2)
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, open_clip {version('open_clip_torch')}")
    bpe = os.path.join(os.path.dirname(open_clip.__file__), "bpe_simple_vocab_16e6.txt.gz")
    with open(bpe, "rb") as source, open(os.path.join(folder, "bpe.gz"), "wb") as copy:
        copy.write(source.read())

    hub, old = "laion/CLIP-ViT-B-32-laion2B-s34B-b79K", "someone/old-clip"
    references = {
        "huggingface": make_huggingface(os.path.join(folder, hub), bpe, 1, False, "gelu"),
        "old-huggingface": make_huggingface(os.path.join(folder, old), bpe, 2, True, "quick_gelu"),
        "open-clip": make_open_clip(os.path.join(folder, "someone/open-clip"), "ViT-B-32", 3, False),
        "openai": make_open_clip(os.path.join(folder, "openai"), "ViT-B-32-quickgelu", 4, True),
    }
    os.symlink(folder, os.path.join(folder, "cdn"))
    Hub.folder = folder
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    tokenized = reference_ids(os.path.join(folder, old))

    archive = next(os.path.join(at, OPENAI) for at, _, files in os.walk(os.path.join(folder, "openai")) if OPENAI in files)
    passed = True
    for name, of, arguments, bars in (
        ("huggingface", "huggingface", ["clip-vit-b-32-laion2b"], (BAR, BAR)),
        ("huggingface-int8", "huggingface", [os.path.join(folder, hub), "--int8", "both"], (0.98, 0.98)),
        ("old-huggingface", "old-huggingface", [f"http://127.0.0.1:{port}/{old}"], (BAR, BAR)),
        ("open-clip", "open-clip", ["someone/open-clip"], (BAR, BAR)),
        ("openai", "openai", [f"http://127.0.0.1:{port}{archive.removeprefix(folder)}"], (BAR, BAR)),
    ):
        get_model(folder, name, port, arguments)
        passed = compare(folder, name, references[of], tokenized, bars) and passed
    print("passed" if passed else "FAILED")
    sys.exit(not passed)


if __name__ == "__main__":
    main()
