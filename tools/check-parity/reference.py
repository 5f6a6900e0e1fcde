"""What the reference implementations make of pictures and texts: python reference.py MODEL PICTURES TEXTS OUT

MODEL is a HuggingFace folder, answered by transformers and, as a second opinion, by open_clip with the same weights; or a
folder of Glimpse's, whose TorchScript files are then run by PyTorch on what transformers' image processor and the
tokenizers library give. TEXTS has a JSON string in each line.

OUT/reference.json has token ids and vectors, OUT/crops the pixels that the image encoder saw. Pictures are taken as Glimpse
documents it: upright by their EXIF orientation, the first frame, white where they are transparent, all of a 16-bit range.
Colour profiles are ignored, as the references do.
"""

import base64
import json
import os
import sys
from pathlib import Path
from unittest.mock import MagicMock

import numpy as np
import torch
from PIL import Image, ImageOps
from tokenizers import Tokenizer
from torch import Tensor
from transformers import CLIPImageProcessorPil, CLIPModel, CLIPTokenizer

BATCH = 16


def upright(path: Path) -> Image.Image:
    picture = Image.open(path)
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I;16") or picture.mode == "I":
        picture = Image.fromarray(((np.asarray(picture).astype(np.int64) * 255 + 32767) // 65535).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert("RGB")


def read_texts(path: str | Path) -> list[str]:
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def token_ids(tokenizer: CLIPTokenizer, text: str) -> list[int]:
    # Glimpse takes the markers out, so that a text that names one is not cut there.
    for marker in tokenizer.all_special_tokens:
        text = text.replace(marker, " ")
    return tokenizer(text, truncation=True, max_length=77)["input_ids"]


class Transformers:
    def __init__(self, folder: str):
        self.model = CLIPModel.from_pretrained(folder).eval()
        self.processor = CLIPImageProcessorPil.from_pretrained(folder)
        self.tokenizer = CLIPTokenizer.from_pretrained(folder)

    def ids(self, text: str) -> list[int]:
        return token_ids(self.tokenizer, text)

    def text(self, ids: list[int]) -> Tensor:
        return features(self.model.get_text_features(input_ids=torch.tensor([ids])))[0]

    def crop(self, picture: Image.Image) -> np.ndarray:
        answer = self.processor(picture, do_rescale=False, do_normalize=False, return_tensors="np")
        return answer["pixel_values"][0].transpose(1, 2, 0).astype(np.uint8)

    def images(self, pictures: list[Image.Image]) -> Tensor:
        pixels = [self.processor(picture, return_tensors="pt")["pixel_values"] for picture in pictures]
        return features(self.model.get_image_features(pixel_values=torch.cat(pixels)))


def features(answer) -> Tensor:
    values = answer if isinstance(answer, Tensor) else answer.pooler_output
    return values / values.norm(dim=1, keepdim=True)


class OpenClip:
    """The same weights in open_clip, with its own tokenizer, and its own crop: a pixel beside transformers' at times."""

    def __init__(self, reference: Transformers):
        # Only its training needs torchvision, but the import asks for it.
        for name in ("", ".transforms", ".transforms.functional", ".ops", ".ops.misc"):
            sys.modules.setdefault("torchvision" + name, MagicMock())
        import open_clip

        config = reference.model.config
        vision, text = config.vision_config, config.text_config
        self.size = vision.image_size
        self.model = open_clip.model.CLIP(
            config.projection_dim,
            {"image_size": self.size, "layers": vision.num_hidden_layers, "width": vision.hidden_size,
             "patch_size": vision.patch_size, "head_width": vision.hidden_size // vision.num_attention_heads},
            {"context_length": text.max_position_embeddings, "vocab_size": text.vocab_size, "width": text.hidden_size,
             "heads": text.num_attention_heads, "layers": text.num_hidden_layers},
            quick_gelu=text.hidden_act == "quick_gelu",
        ).eval()
        missing = self.model.load_state_dict(renamed(reference.model.state_dict()), strict=False)
        if missing.missing_keys or missing.unexpected_keys:
            raise ValueError(f"open_clip wants other weights: {missing}")
        self.tokenizer = open_clip.tokenizer.SimpleTokenizer(context_length=text.max_position_embeddings)
        self.mean = torch.tensor(reference.processor.image_mean)[:, None, None]
        self.std = torch.tensor(reference.processor.image_std)[:, None, None]

    def ids(self, text: str) -> list[int]:
        ids = self.tokenizer(text)[0].tolist()
        return ids[: ids.index(self.tokenizer.eot_token_id) + 1]

    def text(self, ids: list[int]) -> Tensor:
        padded = torch.tensor([ids + [0] * (self.model.context_length - len(ids))])
        return self.model.encode_text(padded, normalize=True)[0]

    def images(self, pictures: list[Image.Image]) -> Tensor:
        pixels = []
        for picture in pictures:
            width, height = picture.size
            short = min(width, height)
            resized = picture.resize((self.size * width // short, self.size * height // short), Image.BICUBIC)
            left, top = (round((side - self.size) / 2) for side in resized.size)
            crop = np.array(resized.crop((left, top, left + self.size, top + self.size)))
            pixels.append((torch.from_numpy(crop).permute(2, 0, 1) / 255 - self.mean) / self.std)
        return self.model.encode_image(torch.stack(pixels), normalize=True)


def renamed(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """transformers' names to open_clip's."""
    answer = {
        "logit_scale": weights["logit_scale"],
        "visual.class_embedding": weights["vision_model.embeddings.class_embedding"],
        "visual.conv1.weight": weights["vision_model.embeddings.patch_embedding.weight"],
        "visual.positional_embedding": weights["vision_model.embeddings.position_embedding.weight"],
        "visual.proj": weights["visual_projection.weight"].T,
        "token_embedding.weight": weights["text_model.embeddings.token_embedding.weight"],
        "positional_embedding": weights["text_model.embeddings.position_embedding.weight"],
        "text_projection": weights["text_projection.weight"].T,
    }
    norms = {"visual.ln_pre": "vision_model.pre_layrnorm", "visual.ln_post": "vision_model.post_layernorm",
             "ln_final": "text_model.final_layer_norm"}
    layers = {"ln_1": "layer_norm1", "ln_2": "layer_norm2", "attn.out_proj": "self_attn.out_proj", "mlp.c_fc": "mlp.fc1",
              "mlp.c_proj": "mlp.fc2"}
    for side, theirs in (("visual.", "vision_model"), ("", "text_model")):
        count = len({name.split(".")[3] for name in weights if name.startswith(f"{theirs}.encoder.layers.")})
        for i in range(count):
            ours, layer = f"{side}transformer.resblocks.{i}", f"{theirs}.encoder.layers.{i}"
            norms |= {f"{ours}.{mine}": f"{layer}.{other}" for mine, other in layers.items()}
            for kind in ("weight", "bias"):
                joined = [weights[f"{layer}.self_attn.{part}_proj.{kind}"] for part in "qkv"]
                answer[f"{ours}.attn.in_proj_{kind}"] = torch.cat(joined)
    for mine, other in norms.items():
        for kind in ("weight", "bias"):
            answer[f"{mine}.{kind}"] = weights[f"{other}.{kind}"]
    return answer


class Folder:
    """A model of Glimpse's own: there is no other implementation of it, but everything around it is the reference's."""

    def __init__(self, folder: str):
        with open(os.path.join(folder, "model.json"), encoding="utf-8") as file:
            descriptor = json.load(file)
        size = descriptor["image"]["size"]
        self.processor = CLIPImageProcessorPil(size={"shortest_edge": size}, crop_size={"height": size, "width": size},
                                               do_rescale=False, do_normalize=False)
        self.image_encoder = torch.jit.load(os.path.join(folder, descriptor["image"]["file"])).eval()
        self.text_encoder = torch.jit.load(os.path.join(folder, descriptor["text"]["file"])).eval()
        self.tokenizer = Tokenizer.from_file(os.path.join(folder, descriptor["text"]["tokenizer"]))
        self.tokenizer.enable_truncation(descriptor["text"]["contextLength"])
        self.tokenizer.no_padding()
        self.markers = [token.content for token in self.tokenizer.get_added_tokens_decoder().values() if token.special]

    def ids(self, text: str) -> list[int]:
        for marker in self.markers:
            text = text.replace(marker, " ")
        return self.tokenizer.encode(text).ids

    def text(self, ids: list[int]) -> Tensor:
        return self.text_encoder(torch.tensor([ids]))[0]

    def crop(self, picture: Image.Image) -> np.ndarray:
        return self.processor(picture, return_tensors="np")["pixel_values"][0].transpose(1, 2, 0).astype(np.uint8)

    def images(self, pictures: list[Image.Image]) -> Tensor:
        return self.image_encoder(torch.from_numpy(np.stack([self.crop(picture) for picture in pictures])))


def packed(vector: Tensor) -> str:
    return base64.b64encode(vector.numpy().astype("<f4").tobytes()).decode()


def main() -> None:
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    folder, pictures, texts, out = sys.argv[1:]
    os.makedirs(os.path.join(out, "crops"), exist_ok=True)
    ours = os.path.exists(os.path.join(folder, "model.json"))
    reference = Folder(folder) if ours else Transformers(folder)
    opinion = None if ours else OpenClip(reference)

    answer = {"images": [], "texts": []}
    paths = sorted(path for path in Path(pictures).iterdir() if path.suffix)
    for start in range(0, len(paths), BATCH):
        some = paths[start : start + BATCH]
        opened = [upright(path) for path in some]
        vectors = reference.images(opened)
        others = opinion.images(opened) if opinion else vectors
        for path, picture, vector, other in zip(some, opened, vectors, others):
            Image.fromarray(reference.crop(picture)).save(os.path.join(out, "crops", path.name + ".png"))
            entry = {"file": path.name, "width": picture.width, "height": picture.height, "vector": packed(vector)}
            answer["images"].append(entry | ({"openClip": packed(other)} if opinion else {}))
    for text in read_texts(texts):
        ids = reference.ids(text)
        entry = {"text": text, "ids": ids, "vector": packed(reference.text(ids))}
        if opinion:
            ids = opinion.ids(text)
            entry |= {"openClipIds": ids, "openClip": packed(opinion.text(ids))}
        answer["texts"].append(entry)
    with open(os.path.join(out, "reference.json"), "w", encoding="utf-8") as file:
        json.dump(answer, file, indent=1)
    print(f"{len(answer['images'])} pictures and {len(answer['texts'])} texts, in {out}")


if __name__ == "__main__":
    torch.set_num_threads(2)
    with torch.inference_mode():
        main()
