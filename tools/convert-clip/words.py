"""Makes the tokenizer of a model folder from what HuggingFace, open_clip and sentence-transformers keep beside the weights."""

import os
from typing import Optional

import cleaning
import pieces
import tokenizer
from plans import Unsupported, Words, optional_json, read_json

BPE = "bpe_simple_vocab_16e6.txt.gz"


def of_clip(folder: str, size: int, context: int) -> Words:
    """CLIP's own."""
    return Words(_clip_document(folder, size), context, 0, False)


def _clip_document(folder: str, size: int) -> dict:
    file = os.path.join(folder, "tokenizer.json")
    if os.path.exists(file):
        return tokenizer.checked(read_json(file), size, file)
    vocabulary, merges = (os.path.join(folder, name) for name in ("vocab.json", "merges.txt"))
    if os.path.exists(vocabulary) and os.path.exists(merges):
        return tokenizer.checked(tokenizer.from_vocabulary(vocabulary, merges), size, vocabulary)
    raise Unsupported(f"{folder} has neither tokenizer.json nor vocab.json and merges.txt")


def of_siglip(folder: str, size: int, context: int, lowercase: bool) -> Words:
    """All texts are filled up. The first SigLIP has a sentencepiece model, SigLIP 2 the tokenizer of Gemma."""
    settings = _settings(folder)
    spiece = os.path.join(folder, "spiece.model")
    own = settings.get("tokenizer_class") in (None, "SiglipTokenizer", "SiglipTokenizerFast")
    if own and os.path.exists(spiece):
        document = _siglip_document(spiece, settings.get("do_lower_case", True) is not False)
        _require_known(document, size, spiece)
        pad = _pad(document, settings, "</s>")
        return Words(document, context, pad, True, settings.get("padding_side") == "left")
    if own and not os.path.exists(os.path.join(folder, "tokenizer.json")):
        raise Unsupported(f"{folder} has neither spiece.model nor tokenizer.json")
    words = of_huggingface(folder, size, context, lowercase)
    words.pad_to_context = True
    return words


def _siglip_document(path: str, lower: bool) -> dict:
    """As transformers' SiglipTokenizer: a mark before the text, no punctuation, and what sentencepiece itself does."""
    model, own = pieces.read(path)
    ids = {piece: id for id, (piece, _) in enumerate(model["vocab"])}
    if "</s>" not in ids:
        raise Unsupported(f"{path} has no </s>")
    steps = [cleaning.replace("▁", " "), {"type": "Prepend", "prepend": "▁"}, *(cleaning.LOWER if lower else []),
             *cleaning.NO_PUNCTUATION, *cleaning.ONE_SPACE,
             # The tokenizers library looks up whole graphemes, sentencepiece the longest beginning.
             {"type": "NFC"}, *own, cleaning.substitute(" {2,}", " "), cleaning.replace(" ", "▁"),
             cleaning.substitute(r"▁+\z", "")]
    special = [piece for piece in ("<unk>", "</s>") if piece in ids]
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": ids[piece], "content": piece, "single_word": False, "lstrip": True, "rstrip": True,
                          "normalized": False, "special": True} for piece in special],
        "normalizer": {"type": "Sequence", "normalizers": steps}, "pre_tokenizer": None,
        "post_processor": _template([], [("</s>", ids["</s>"])]), "decoder": None, "model": model}


def of_huggingface(folder: str, size: int, context: int, lowercase: bool = False) -> Words:
    """A tokenizer.json as transformers reads it together with tokenizer_config.json."""
    file = os.path.join(folder, "tokenizer.json")
    if not os.path.exists(file):
        raise Unsupported(f"{folder} has no tokenizer.json")
    settings = _settings(folder)
    document = read_json(file)
    if "add_bos_token" in settings or "add_eos_token" in settings or not document.get("post_processor"):
        ends = []
        for key in ("bos", "eos"):
            token = _content(settings.get(key + "_token"))
            ends.append([(token, _id(document, token, file))] if settings.get(f"add_{key}_token") and token else [])
        document = {**document, "post_processor": _template(*ends)}
    if lowercase or str(settings.get("tokenizer_class", "")).startswith("Siglip2Tokenizer"):
        document = cleaning.before([{"type": "Lowercase"}], document)
    _require_known(document, size, file)
    document = {**document, "truncation": None, "padding": None}
    return Words(document, context, _pad(document, settings, None), False, settings.get("padding_side") == "left")


def of_open_clip(folder: str, text: dict, size: int, context: int, vocabulary: Optional[str], fills: bool) -> Words:
    """`fills` says that the text encoder looks at padding too."""
    options = dict(text.get("tokenizer_kwargs") or {})
    clean, strips = options.pop("clean", None), options.pop("strip_sep_token", False)
    for key, value in options.items():
        raise Unsupported(f"{folder}: text_cfg.tokenizer_kwargs.{key} is {value}, only clean and strip_sep_token are supported")
    if text.get("tokenizer_mode"):
        raise Unsupported(f"{folder}: text_cfg.tokenizer_mode is {text['tokenizer_mode']}, only none is supported")
    if not text.get("hf_tokenizer_name"):
        vocabulary = vocabulary or os.path.join(folder, BPE)
        if os.path.exists(os.path.join(folder, "tokenizer.json")):
            document = _clip_document(folder, size)
        elif os.path.exists(vocabulary):
            document = tokenizer.checked(tokenizer.from_bpe(vocabulary), size, vocabulary)
        else:
            raise Unsupported(f"no tokenizer: put {BPE} of OpenAI's CLIP, or a tokenizer.json, into {folder}")
        markers = [cleaning.replace(marker, " ") for marker in ("<start_of_text>", "<end_of_text>")]
        return Words(cleaning.before(markers + _cleaning(folder, clean or "lower"), document), context, 0, fills)
    if not os.path.exists(os.path.join(folder, "tokenizer.json")):
        raise Unsupported(f"no tokenizer: put the tokenizer.json and tokenizer_config.json of {text['hf_tokenizer_name']} "
                          f"into {folder}")
    words = of_huggingface(folder, size, context)
    if strips:
        words.document = _without_separator(words.document, _content(_settings(folder).get("sep_token")) or "[SEP]")
    words.document = cleaning.before(_cleaning(folder, clean or "whitespace"), words.document)
    words.pad_to_context = fills
    return words


def _cleaning(folder: str, name: str) -> list[dict]:
    if name not in cleaning.OPEN_CLIP:
        raise Unsupported(f"{folder}: text_cfg.tokenizer_kwargs.clean is {name}, only {', '.join(cleaning.OPEN_CLIP)} are "
                          "supported")
    return cleaning.OPEN_CLIP[name]()


def _without_separator(document: dict, separator: str) -> dict:
    """CLIPA puts id 0 where the separator would be; a truncated text keeps its place free too."""
    start = document["post_processor"].get("cls") or document["post_processor"].get("special_tokens", {}).get("[CLS]", {})
    if isinstance(start, list):
        begin = (start[0], start[1])
    elif start:
        begin = ("[CLS]", start["ids"][0])
    else:
        raise Unsupported("text_cfg.tokenizer_kwargs.strip_sep_token needs a tokenizer with [CLS], as BERT's")
    if _id(document, separator, "tokenizer.json") is None:
        raise Unsupported(f"the tokenizer has no {separator}")
    nothing = next(token for token, id in _vocabulary(document).items() if id == 0)
    return {**document, "post_processor": _template([begin], [(nothing, 0)])}


def _settings(folder: str) -> dict:
    settings = optional_json(folder, "tokenizer_config.json")
    for key, value in optional_json(folder, "special_tokens_map.json").items():
        settings.setdefault(key, value)
    return settings


def _content(token: object) -> Optional[str]:
    return token.get("content") if isinstance(token, dict) else token if isinstance(token, str) else None


def _vocabulary(document: dict) -> dict[str, int]:
    vocabulary = document["model"]["vocab"]
    known = dict(vocabulary) if isinstance(vocabulary, dict) else {piece: id for id, (piece, _) in enumerate(vocabulary)}
    known.update({token["content"]: token["id"] for token in document.get("added_tokens", [])})
    return known


def _id(document: dict, token: Optional[str], file: str) -> int:
    found = _vocabulary(document).get(token)
    if found is None:
        raise Unsupported(f"{file} has no {token}")
    return found


def _pad(document: dict, settings: dict, default: Optional[str]) -> int:
    known = _vocabulary(document)
    for token in (_content(settings.get("pad_token")), default, "<pad>", "[PAD]"):
        if token in known:
            return known[token]
    raise Unsupported("the tokenizer does not say with what texts are filled up: tokenizer_config.json has no pad_token")


def _require_known(document: dict, size: int, file: str) -> None:
    highest = max(_vocabulary(document).values())
    if highest >= size:
        raise Unsupported(f"{file} has the id {highest}, but the model knows only {size} tokens")


def _template(begin: list[tuple[str, int]], end: list[tuple[str, int]]) -> dict:
    def special(token: str) -> dict:
        return {"SpecialToken": {"id": token, "type_id": 0}}

    single = [*(special(token) for token, _ in begin), {"Sequence": {"id": "A", "type_id": 0}}, *(special(token) for token, _ in end)]
    return {"type": "TemplateProcessing", "single": single,
            "pair": [*single, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {token: {"id": token, "ids": [id], "tokens": [token]} for token, id in [*begin, *end]}}
