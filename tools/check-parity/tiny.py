"""Makes the Java tests' small models of the architectures beside CLIP, with what the reference libraries say of a picture and some
texts: python tiny.py OUT. Not needed to build, run or test Glimpse.

Written is OUT/NAME, the model folder that tools/convert-clip makes of random weights, with expected.json.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

import stand_in

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PICTURES = ("scene.png", "square-wide.png", "square-high.png")
TEXTS = ["a cat", "A Red APPLE!", "", "don't", "“curly” quotes", "_snake_case_", "кошка на столе", "ΟΔΟΣ", "猫と犬", "café",
         "a very long text " * 12]
SHAPE = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}


def siglip(out: str) -> None:
    import transformers as t
    from architectures import sentencepiece_model, stir

    config = t.SiglipConfig(text_config={**SHAPE, "vocab_size": 900, "max_position_embeddings": 16},
                            vision_config={**SHAPE, "image_size": 36, "patch_size": 8})
    stir(t.SiglipModel(config)).save_pretrained(out)
    path = sentencepiece_model(out, 900, {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1})
    t.SiglipTokenizer(path).save_pretrained(out)
    t.SiglipImageProcessorPil(resample=2, size={"height": 36, "width": 36}).save_pretrained(out)


def siglip2(out: str) -> None:
    import transformers as t
    from architectures import gemma_tokenizer, stir

    text = {**SHAPE, "vocab_size": 900, "max_position_embeddings": 16, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 1}
    stir(t.SiglipModel(t.SiglipConfig(text_config=text, vision_config={**SHAPE, "image_size": 32, "patch_size": 8}))).save_pretrained(out)
    gemma_tokenizer(out, t.Siglip2Tokenizer, 900, add_bos_token=False, add_eos_token=True, padding_side="right")
    t.SiglipImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(out)


def clipa(out: str) -> None:
    from architectures import bert_tokenizer

    text = {"context_length": 12, "vocab_size": 900, "hf_tokenizer_name": "bert-base-uncased", "width": 32, "heads": 4,
            "tokenizer_kwargs": {"strip_sep_token": True}, "layers": 2, "pool_type": "last", "no_causal_mask": True}
    vision = {"image_size": 32, "layers": 2, "width": 32, "head_width": 8, "patch_size": 8, "no_ln_pre": True,
              "pool_type": "avg", "final_ln_after_pool": True, "act_kwargs": {"approximate": "tanh"}}
    bert_tokenizer(out, True, 900)
    _open_clip(out, {"embed_dim": 24, "vision_cfg": vision, "text_cfg": text},
               {"interpolation": "bilinear", "resize_mode": "longest", "fill_color": 128})


def multilingual(out: str) -> None:
    """XLM-RoBERTa is too large to be made small by its name, so its shape is written beside it."""
    import transformers as t
    from architectures import unigram_tokenizer

    shape = t.XLMRobertaConfig(**SHAPE, vocab_size=900, max_position_embeddings=40, type_vocab_size=1)
    unigram_tokenizer(out, t.XLMRobertaTokenizer, 850)
    made = os.path.join(out, "hub")
    shape.save_pretrained(made)
    shutil.copy(os.path.join(made, "config.json"), os.path.join(out, "text_config.json"))
    vision = {"image_size": 32, "layers": 2, "width": 32, "head_width": 8, "patch_size": 8, "ls_init_value": 0.5}
    _open_clip(out, {"embed_dim": 24, "quick_gelu": True, "vision_cfg": vision, "text_cfg": {
        "hf_model_name": made, "hf_tokenizer_name": "xlm-roberta-tiny", "hf_model_pretrained": False, "context_length": 20}}, {})


def _open_clip(out: str, config: dict, preprocess: dict) -> None:
    import open_clip
    from architectures import stir

    kind = open_clip.CustomTextCLIP if "hf_model_name" in config["text_cfg"] else open_clip.CLIP
    torch.save(stir(kind(**config)).state_dict(), os.path.join(out, "open_clip_pytorch_model.bin"))
    with open(os.path.join(out, "open_clip_config.json"), "w", encoding="utf-8") as file:
        json.dump({"model_cfg": config, "preprocess_cfg": preprocess}, file)


def main() -> None:
    import reference

    out = sys.argv[1]
    for name, make in {"tiny-siglip": siglip, "tiny-siglip2": siglip2, "tiny-clipa": clipa, "tiny-xlm-roberta": multilingual}.items():
        torch.manual_seed(0)
        with tempfile.TemporaryDirectory() as folder:
            make(folder)
            theirs = reference.reference_of(folder)
            answer = {"texts": [], "pictures": []}
            with torch.inference_mode():
                for text in TEXTS:
                    ids = theirs.ids(text)
                    answer["texts"].append({"text": text, "ids": ids, "vector": reference.packed(theirs.text(ids))})
                for picture in PICTURES:
                    path = ROOT / "src/test/resources/images" / picture
                    vector = theirs.images([reference.upright(path)])[0]
                    answer["pictures"].append({"picture": picture, "vector": reference.packed(vector)})
            made = os.path.join(out, name)
            shutil.rmtree(made, ignore_errors=True)
            subprocess.run([sys.executable, str(ROOT / "tools/convert-clip/convert.py"), folder, made, "--name", name,
                            "--source", "random weights", "--license", "none needed"], check=True)
        os.remove(os.path.join(made, "LICENSE"))
        with open(os.path.join(made, "expected.json"), "w", encoding="utf-8") as file:
            json.dump(answer, file, ensure_ascii=False, indent=1)
            file.write("\n")


if __name__ == "__main__":
    stand_in.without_torchvision()
    torch.set_num_threads(1)
    main()
