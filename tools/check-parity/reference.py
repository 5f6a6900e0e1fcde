"""What the reference implementations make of pictures and texts: python reference.py MODEL PICTURES TEXTS OUT

MODEL is a folder in the form of HuggingFace, answered by transformers and, if it is a CLIP, as a second opinion by open_clip with
the same weights; one in the form of open_clip, answered by open_clip; one with the folders text and image, answered by
sentence-transformers and transformers; or a folder of Glimpse's, whose TorchScript files are then run by PyTorch on what
transformers' image processor and the tokenizers library give. TEXTS has a JSON string in each line.

OUT/reference.json has token ids and vectors, OUT/crops the pixels that the image encoder saw. Pictures are taken as Glimpse
documents it: upright by their EXIF orientation, the first frame, white where they are transparent, all of a 16-bit range.
Colour profiles are ignored, as the references do.
"""

import base64
import json
import os
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from tokenizers import Tokenizer
from torch import Tensor
from transformers import AutoConfig, AutoModel, AutoTokenizer, CLIPImageProcessorPil, CLIPModel, CLIPTokenizer, SiglipImageProcessorPil

import stand_in

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


def without_markers(tokenizer, text: str) -> str:
    """Glimpse takes them out, so that a text that names one is not cut there."""
    for marker in tokenizer.all_special_tokens:
        text = text.replace(marker, " ")
    return text


def token_ids(tokenizer: CLIPTokenizer, text: str) -> list[int]:
    text = without_markers(tokenizer, text)
    return tokenizer(text, truncation=True, max_length=77)["input_ids"]


class Transformers:
    """CLIP."""

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


class Processor:
    """A model of transformers with the class of its tokenizer, whatever they are."""

    def __init__(self, folder: str):
        self.model = AutoModel.from_pretrained(folder).eval()
        kind = AutoConfig.from_pretrained(folder).model_type
        self.fills = kind == "siglip"
        self.processor = (SiglipImageProcessorPil if self.fills else CLIPImageProcessorPil).from_pretrained(folder)
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.context = self.model.config.text_config.max_position_embeddings

    def ids(self, text: str) -> list[int]:
        return self.tokenizer(without_markers(self.tokenizer, text), truncation=True, max_length=self.context,
                              padding="max_length" if self.fills else False)["input_ids"]

    def text(self, ids: list[int]) -> Tensor:
        return features(self.model.get_text_features(input_ids=torch.tensor([ids])))[0]

    crop, images = Transformers.crop, Transformers.images


class OpenClipFolder:
    """A folder of open_clip's, with its tokenizer; torchvision's resizing and cropping of Pillow's pictures is written out."""

    def __init__(self, folder: str):
        import open_clip
        from transformers import PreTrainedTokenizerBase

        with open(os.path.join(folder, "open_clip_config.json"), encoding="utf-8") as file:
            described = json.load(file)
        config = described["model_cfg"]
        name = config["text_cfg"].get("hf_model_name")
        if name:
            # Its shape is on the hub under that name, or a folder.
            from transformers import XLMRobertaConfig

            with_shape = os.path.join(folder, "hub")
            if not os.path.isdir(with_shape):
                XLMRobertaConfig(vocab_size=250_002, max_position_embeddings=514, type_vocab_size=1,
                                 layer_norm_eps=1e-5).save_pretrained(with_shape)
            config["text_cfg"].update(hf_model_name=with_shape, hf_model_pretrained=False)
            self.model = open_clip.CustomTextCLIP(**config)
        else:
            custom = config.pop("custom_text", False)
            self.model = (open_clip.CustomTextCLIP if custom else open_clip.CLIP)(**config)
        self.model.load_state_dict(torch.load(os.path.join(folder, "open_clip_pytorch_model.bin")))
        self.model.eval()
        text = config["text_cfg"]
        context = text.get("context_length", 77)
        if text.get("hf_tokenizer_name"):
            self.tokenizer = open_clip.tokenizer.HFTokenizer(folder, context_length=context, **text.get("tokenizer_kwargs", {}))
            inner: PreTrainedTokenizerBase = self.tokenizer.tokenizer
            self.markers = inner.all_special_tokens
        else:
            self.tokenizer = open_clip.tokenizer.SimpleTokenizer(context_length=context)
            self.markers = ["<start_of_text>", "<end_of_text>", "<|startoftext|>", "<|endoftext|>"]
        pictures = {"mean": open_clip.OPENAI_DATASET_MEAN, "std": open_clip.OPENAI_DATASET_STD, "interpolation": "bicubic",
                    "resize_mode": "shortest", "fill_color": 0, **described["preprocess_cfg"]}
        self.size = config["vision_cfg"].get("image_size", 224)
        self.pictures = pictures
        self.filter = {"bicubic": Image.BICUBIC, "bilinear": Image.BILINEAR}[pictures["interpolation"]]

    def ids(self, text: str) -> list[int]:
        for marker in self.markers:
            text = text.replace(marker, " ")
        return self.tokenizer(text)[0].tolist()

    def text(self, ids: list[int]) -> Tensor:
        return self.model.encode_text(torch.tensor([ids]), normalize=True)[0]

    def crop(self, picture: Image.Image) -> np.ndarray:
        size, (width, height) = self.size, picture.size
        if self.pictures["resize_mode"] == "squash":
            return np.array(picture.resize((size, size), self.filter))
        if self.pictures["resize_mode"] == "longest":
            ratio = max(width / size, height / size)
            small = picture.resize((max(1, round(width / ratio)), max(1, round(height / ratio))), self.filter)
            framed = Image.new("RGB", (size, size), (self.pictures["fill_color"],) * 3)
            framed.paste(small, ((size - small.width) // 2, (size - small.height) // 2))
            return np.array(framed)
        short = min(width, height)
        resized = picture.resize((int(size * width / short), int(size * height / short)), self.filter)
        left, top = (int(round((side - size) / 2.0)) for side in resized.size)
        return np.array(resized.crop((left, top, left + size, top + size)))

    def images(self, pictures: list[Image.Image]) -> Tensor:
        mean, std = (torch.tensor(self.pictures[key]).view(3, 1, 1) for key in ("mean", "std"))
        pixels = [(torch.from_numpy(self.crop(picture)).permute(2, 0, 1) / 255 - mean) / std for picture in pictures]
        return self.model.encode_image(torch.stack(pixels), normalize=True)


class SentencePair(Transformers):
    """A text encoder of sentence-transformers and the CLIP whose pictures it searches."""

    def __init__(self, folder: str):
        from sentence_transformers import SentenceTransformer

        super().__init__(os.path.join(folder, "image"))
        self.texts = SentenceTransformer(os.path.join(folder, "text"), device="cpu")

    def ids(self, text: str) -> list[int]:
        tokenizer = self.texts.tokenizer
        return tokenizer(without_markers(tokenizer, text), truncation=True, max_length=self.texts.max_seq_length)["input_ids"]

    def text(self, ids: list[int]) -> Tensor:
        answer = self.texts({"input_ids": torch.tensor([ids]), "attention_mask": torch.ones(1, len(ids), dtype=torch.int64)})
        return torch.nn.functional.normalize(answer["sentence_embedding"][0], dim=0)


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


def reference_of(folder: str):
    if os.path.exists(os.path.join(folder, "model.json")):
        return Folder(folder)
    if os.path.exists(os.path.join(folder, "open_clip_config.json")):
        return OpenClipFolder(folder)
    if os.path.isdir(os.path.join(folder, "text")):
        return SentencePair(folder)
    return Transformers(folder) if AutoConfig.from_pretrained(folder).model_type == "clip" else Processor(folder)


def main() -> None:
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    folder, pictures, texts, out = sys.argv[1:]
    os.makedirs(os.path.join(out, "crops"), exist_ok=True)
    reference = reference_of(folder)
    opinion = OpenClip(reference) if type(reference) is Transformers else None

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
    torch.set_num_threads(1)
    stand_in.without_torchvision()
    with torch.inference_mode():
        main()
