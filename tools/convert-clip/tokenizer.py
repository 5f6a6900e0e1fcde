"""CLIP's byte-pair tokenizer as a HuggingFace tokenizer.json."""

import gzip
import json

from plans import Unsupported, read_json

START, END = "<|startoftext|>", "<|endoftext|>"
MERGES = 49152 - 256 - 2
WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def _characters() -> list[str]:
    """One printable character for each byte, in the order of CLIP's vocabulary: first those that stand for themselves."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    return [chr(byte) for byte in plain] + [chr(256 + i) for i in range(256 - len(plain))]


def from_merges(merges: list[tuple[str, str]]) -> dict:
    """The vocabulary follows from the merges."""
    characters = _characters()
    words = [*characters, *(character + "</w>" for character in characters), *("".join(pair) for pair in merges), START, END]
    return document({word: id for id, word in enumerate(words)}, merges)


def from_bpe(path: str) -> dict:
    """OpenAI's bpe_simple_vocab_16e6.txt.gz."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = file.read().split("\n")[1 : MERGES + 1]
    if len(lines) != MERGES:
        raise Unsupported(f"{path} has {len(lines)} merges, expected {MERGES}")
    return from_merges([_pair(line) for line in lines])


def from_vocabulary(vocabulary: str, merges: str) -> dict:
    """HuggingFace's vocab.json and merges.txt."""
    with open(merges, encoding="utf-8") as file:
        lines = [line for line in file.read().split("\n") if line and not line.startswith("#version")]
    return document(read_json(vocabulary), [_pair(line) for line in lines])


def _pair(line: str) -> tuple[str, str]:
    left, right = line.split(" ")
    return left, right


def document(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> dict:
    def special(word: str) -> dict:
        return {"id": vocabulary[word], "content": word, "single_word": False, "lstrip": False, "rstrip": False,
                "normalized": False, "special": True}

    for word in (START, END):
        if word not in vocabulary:
            raise Unsupported(f"the vocabulary lacks {word}, so it is not CLIP's")
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [special(START), special(END)],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "}, {"type": "Lowercase"}]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": WORDS}, "behavior": "Removed", "invert": True},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}]},
        "post_processor": {"type": "RobertaProcessing", "sep": [END, vocabulary[END]], "cls": [START, vocabulary[START]],
                           "trim_offsets": False, "add_prefix_space": False},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": END, "continuing_subword_prefix": "",
                  "end_of_word_suffix": "</w>", "fuse_unk": False, "byte_fallback": False, "vocab": vocabulary,
                  "merges": [list(pair) for pair in merges]},
    }


def checked(tokenizer: dict, size: int, what: str) -> dict:
    """The document, without the truncation and padding of whoever saved it last, which the service does itself."""
    model = tokenizer.get("model") or {}
    if model.get("type") != "BPE" or not tokenizer.get("post_processor"):
        raise Unsupported(f"{what}: expected a BPE tokenizer that adds the start and the end, found {model.get('type')}")
    highest = max([*model["vocab"].values(), *(token["id"] for token in tokenizer.get("added_tokens", []))])
    if highest >= size:
        raise Unsupported(f"{what} has the id {highest}, but the model knows only {size} tokens")
    return {**tokenizer, "truncation": None, "padding": None}


def write(tokenizer: dict, path: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(tokenizer, file, ensure_ascii=False, separators=(",", ":"))
