"""Makes a randomly initialised model of a published architecture, as its publisher lays it out: python architectures.py NAME OUT

NAME is one of the lists below; without arguments the first is printed. Configurations are the real ones, of transformers, open_clip and
timm, but for those of which the list says otherwise. Vocabularies are trained on the texts of this project, with the kinds of
tokenizer that the architectures have; CLIP's is its own. DEPTH=N makes at most N layers, for a quick look.
"""

import json
import os
import shutil
import sys
from pathlib import Path

import torch

import stand_in
from full_size import tokenizer as clip_tokenizer

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
HALF = [0.5, 0.5, 0.5]
DEPTH = int(os.environ.get("DEPTH", 99))
# NAME: (kind, open_clip's name of the architecture or None, what preprocess_cfg says, changes to the configuration)
ARCHITECTURES = {
    "siglip-base": ("siglip", None, None, {}),
    "siglip2-base": ("siglip2", None, None, {}),
    "metaclip2-b-32": ("metaclip2", None, None, {"vocab_size": 60_000}),
    "dfn2b-b-16": ("open_clip", "ViT-B-16-quickgelu", {}, {}),
    "dfn5b-h-14-378": ("open_clip", "ViT-H-14-378-quickgelu", {"resize_mode": "squash"}, {"layers": 4}),
    "laion-g-14": ("open_clip", "ViT-g-14", {}, {"layers": 4}),
    "longest-b-32": ("open_clip", "ViT-B-32", {"resize_mode": "longest", "interpolation": "bilinear"}, {}),
    "clipa-l-14": ("open_clip", "ViT-L-14-CLIPA", {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
                                                   "interpolation": "bilinear", "resize_mode": "squash"}, {"layers": 6}),
    "xlm-roberta-b-32": ("open_clip", "xlm-roberta-base-ViT-B-32", {}, {}),
    "siglip2-b-32-open-clip": ("open_clip", "ViT-B-32-SigLIP2-256", {"mean": HALF, "std": HALF, "resize_mode": "squash"}, {}),
    "siglip-gopt-open-clip": ("open_clip", "ViT-gopt-16-SigLIP2-256", {"mean": HALF, "std": HALF, "resize_mode": "squash"},
                              {"text layers": 2}),
    "mobileclip2-s0": ("open_clip", "MobileCLIP2-S0", {"mean": [0, 0, 0], "std": [1, 1, 1], "interpolation": "bilinear"}, {}),
    "mobileclip2-s3": ("open_clip", "MobileCLIP2-S3", {"interpolation": "bilinear"}, {}),
    "eva02-b-16": ("open_clip", "EVA02-B-16", {}, {}),
    "pe-core-s-16-384": ("open_clip", "PE-Core-S-16-384", {"mean": HALF, "std": HALF, "interpolation": "bilinear",
                                                           "resize_mode": "squash"}, {}),
    "pe-core-b-16": ("open_clip", "PE-Core-B-16", {"mean": HALF, "std": HALF, "interpolation": "bilinear",
                                                   "resize_mode": "squash"}, {}),
    "multilingual-b-32": ("sentence", None, None, {}),
}

# Those that scripts/get-model recommends, by its names, as far as they are not above.
SO400M = {"hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27, "num_attention_heads": 16}
RECOMMENDED = {
    "siglip2-small": ("siglip2", None, None, {"vision": {"image_size": 256, "patch_size": 32}}),
    "siglip2-best": ("siglip2", None, None, {"vision": {**SO400M, "image_size": 384, "patch_size": 14}, "text": SO400M}),
    "clip-vit-b-32-laion2b": ("open_clip", "ViT-B-32", {}, {}),
    "clip-xlm-roberta": ARCHITECTURES["xlm-roberta-b-32"],
}


def corpus() -> list[str]:
    with open(HERE / "texts.txt", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    for path in [*sorted((ROOT / "docs").glob("*.md")), ROOT / "tools/train-mini-clip/things.tsv"]:
        lines += path.read_text(encoding="utf-8").splitlines()
    # What repeats itself for long makes pieces between which a tokenizer chooses by its rounding errors.
    return [line.replace("\0", " ") for line in 3 * lines if line.strip() and len(line) < 200]


def sentencepiece_model(out: str, size: int, ids: dict[str, int]) -> str:
    import sentencepiece

    text = os.path.join(out, "corpus.txt")
    Path(text).write_text("\n".join(" ".join(line.split()) for line in corpus()), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=text, model_prefix=os.path.join(out, "spiece"), vocab_size=size, model_type="unigram", hard_vocab_limit=False,
        character_coverage=0.999, normalization_rule_name="nmt_nfkc", minloglevel=2, num_threads=1, **ids)
    os.remove(text)
    os.remove(os.path.join(out, "spiece.vocab"))
    return os.path.join(out, "spiece.model")


def gemma_tokenizer(out: str, named: type, size: int = 8000, **settings: object) -> None:
    """Bytes where nothing else fits, spaces as ▁, no splitting at words: as Gemma's."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    made = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    made.normalizer = normalizers.Replace(" ", "▁")
    made.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    made.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=size, special_tokens=special + [f"<0x{byte:02X}>" for byte in range(256)], show_progress=False))
    model = json.loads(made.to_str())["model"]
    merges = [tuple(pair) for pair in model["merges"]]
    named(vocab=model["vocab"], merges=merges, **settings).save_pretrained(out)


def unigram_tokenizer(out: str, named: type, size: int = 8000) -> None:
    """As XLM-RoBERTa's."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    made = Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.train_from_iterator(corpus(), trainers.UnigramTrainer(
        vocab_size=size, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False))
    # As exact as sentencepiece's own, which are 32-bit numbers.
    vocabulary = [(piece, round(score, 6)) for piece, score in json.loads(made.to_str())["model"]["vocab"]]
    named(vocab=[*vocabulary, ("<mask>", 0.0)]).save_pretrained(out)


def bert_tokenizer(out: str, lower: bool, size: int = 8000) -> None:
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertTokenizer

    made = BertWordPieceTokenizer(lowercase=lower, strip_accents=lower)
    made.train_from_iterator(corpus(), vocab_size=size, show_progress=False)
    BertTokenizer(vocab=made.get_vocab(), do_lower_case=lower).save_pretrained(out)


def stir(model: torch.nn.Module) -> torch.nn.Module:
    """As they come, biases, norms and scales do nothing, so a mistake in one would not be seen."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for value in [*model.parameters(), *(b for name, b in model.named_buffers() if name.endswith("running_mean"))]:
            if value.numel() == max(value.shape, default=1) and value.is_floating_point():
                value.add_(0.05 * torch.randn(value.shape, generator=generator))
    return model.eval()


def settle(image: torch.nn.Module, size: int) -> None:
    """Batch norms that have seen pictures, and weights that let something through: else all pictures look the same."""
    generator = torch.Generator().manual_seed(2)
    norms = [module for module in image.modules() if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)]
    with torch.no_grad():
        for name, value in image.named_parameters():
            if name.endswith("gamma"):
                value.copy_(0.3 + 0.2 * torch.rand(value.shape, generator=generator))
            elif value.dim() > 1 and not norms and not name.endswith(("pos_embed", "cls_token")):
                # As large as keeps what goes in.
                value.copy_(torch.randn(value.shape, generator=generator) / value[0].numel() ** 0.5)
        for module in norms:
            module.momentum = None
            module.reset_running_stats()
        if norms:
            image.train()
            for side in (2, 5, 11):
                coarse = torch.rand(4, 3, side, side, generator=generator)
                image(torch.nn.functional.interpolate(coarse, (size, size), mode="bilinear"))
            image.eval()


def huggingface(kind: str, out: str, changes: dict) -> None:
    import transformers as t

    depth = {"num_hidden_layers": min(DEPTH, 12)}
    if kind == "siglip":
        stir(t.SiglipModel(t.SiglipConfig(text_config=depth, vision_config=depth))).save_pretrained(out)
        path = sentencepiece_model(out, 8000, {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1})
        t.SiglipTokenizer(path).save_pretrained(out)
        t.SiglipImageProcessorPil().save_pretrained(out)
    elif kind == "siglip2":
        text = {"vocab_size": 256_000, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 1, **depth, **changes.get("text", {})}
        vision = {**depth, **changes.get("vision", {})}
        size = vision.get("image_size", 224)
        stir(t.SiglipModel(t.SiglipConfig(text_config=text, vision_config=vision))).save_pretrained(out)
        gemma_tokenizer(out, t.Siglip2Tokenizer, add_bos_token=False, add_eos_token=True, padding_side="right")
        t.SiglipImageProcessorPil(resample=2, size={"height": size, "width": size}).save_pretrained(out)
    else:
        text = {"eos_token_id": 2, "bos_token_id": 0, "pad_token_id": 1, "hidden_act": "quick_gelu", **changes, **depth}
        stir(t.MetaClip2Model(t.MetaClip2Config(text_config=text, vision_config={"hidden_act": "quick_gelu", **depth},
                                                projection_dim=512))).save_pretrained(out)
        unigram_tokenizer(out, t.XLMRobertaTokenizer)
        t.CLIPImageProcessorPil().save_pretrained(out)


def open_clip_folder(name: str, preprocess: dict, changes: dict, out: str) -> None:
    import open_clip
    import transformers as t

    config = open_clip.get_model_config(name)
    vision, text = config["vision_cfg"], config["text_cfg"]
    if "layers" in changes:
        vision["layers"] = text["layers"] = changes["layers"]
    if "text layers" in changes:
        text["layers"] = changes["text layers"]
    for part in (vision, text):
        if "layers" in part:
            part["layers"] = min(DEPTH, part["layers"])
    kind = text.get("hf_tokenizer_name") or ""
    if kind == "xlm-roberta-base":
        unigram_tokenizer(out, t.XLMRobertaTokenizer)
        made = Path(out, "hub")
        t.XLMRobertaConfig(vocab_size=250_002, max_position_embeddings=514, type_vocab_size=1,
                           layer_norm_eps=1e-5).save_pretrained(made)
        config["text_cfg"]["hf_model_name"] = str(made)
        model = open_clip.CustomTextCLIP(**{**config, "text_cfg": {**text, "hf_model_pretrained": False}})
        shutil.rmtree(made)
        text["hf_model_name"] = "xlm-roberta-base"
    else:
        if kind == "bert-base-uncased":
            bert_tokenizer(out, True)
        elif kind:
            gemma_tokenizer(out, t.GemmaTokenizer, add_bos_token=False, add_eos_token=True, padding_side="right")
        custom = config.pop("custom_text", False)
        model = (open_clip.CustomTextCLIP if custom else open_clip.CLIP)(**config)
        if custom:
            config["custom_text"] = True
    if not kind:
        shutil.copy(Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz", out)
    stir(model)
    if vision.get("timm_model_name"):
        settle(model.visual, vision["image_size"])
    torch.save(model.state_dict(), os.path.join(out, "open_clip_pytorch_model.bin"))
    with open(os.path.join(out, "open_clip_config.json"), "w", encoding="utf-8") as file:
        json.dump({"model_cfg": config, "preprocess_cfg": preprocess}, file)


def sentence(out: str) -> None:
    """clip-ViT-B-32-multilingual-v1, and beside it the CLIP that it belongs to."""
    import transformers as t
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Dense, Pooling, Transformer

    text, image = os.path.join(out, "hub"), os.path.join(out, "image")
    os.makedirs(text)
    stir(t.DistilBertModel(t.DistilBertConfig(vocab_size=119_547))).save_pretrained(text)
    bert_tokenizer(text, False)
    transformer = Transformer(text, max_seq_length=128)
    model = SentenceTransformer(modules=[transformer, Pooling(768, pooling_mode="mean"), Dense(
        768, 512, bias=False, activation_function=torch.nn.Identity())])
    model.save(os.path.join(out, "text"))
    shutil.rmtree(text)
    t.CLIPModel(t.CLIPConfig(projection_dim=512)).eval().save_pretrained(image)
    t.CLIPImageProcessorPil().save_pretrained(image)
    clip_tokenizer().save_pretrained(image)


def main() -> None:
    known = {**ARCHITECTURES, **RECOMMENDED}
    if len(sys.argv) != 3 or sys.argv[1] not in known:
        print(*ARCHITECTURES, sep="\n")
        sys.exit(len(sys.argv) != 1)
    kind, name, preprocess, changes = known[sys.argv[1]]
    out = sys.argv[2]
    os.makedirs(out)
    torch.manual_seed(0)
    if kind == "open_clip":
        open_clip_folder(name, preprocess, changes, out)
    elif kind == "sentence":
        sentence(out)
    else:
        huggingface(kind, out, changes)


if __name__ == "__main__":
    stand_in.without_torchvision()
    main()
