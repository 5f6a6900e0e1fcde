"""Text encoders of BERT's family: as open_clip puts them beside its image encoders, and as sentence-transformers keeps them."""

import os

from plans import BertPlan, Shape, Unsupported, activation, optional_json, read_json

# What open_clip's configuration leaves to the hub's config.json of that name: layers, width, heads, perceptron, positions.
KNOWN = {
    "xlm-roberta-base": {"model_type": "xlm-roberta", "vocab_size": 250002, "hidden_size": 768, "num_hidden_layers": 12,
                         "num_attention_heads": 12, "intermediate_size": 3072, "max_position_embeddings": 514,
                         "type_vocab_size": 1, "layer_norm_eps": 1e-5, "pad_token_id": 1, "hidden_act": "gelu"},
    "xlm-roberta-large": {"model_type": "xlm-roberta", "vocab_size": 250002, "hidden_size": 1024, "num_hidden_layers": 24,
                          "num_attention_heads": 16, "intermediate_size": 4096, "max_position_embeddings": 514,
                          "type_vocab_size": 1, "layer_norm_eps": 1e-5, "pad_token_id": 1, "hidden_act": "gelu"},
    "roberta-base": {"model_type": "roberta", "vocab_size": 50265, "hidden_size": 768, "num_hidden_layers": 12,
                     "num_attention_heads": 12, "intermediate_size": 3072, "max_position_embeddings": 514,
                     "type_vocab_size": 1, "layer_norm_eps": 1e-5, "pad_token_id": 1, "hidden_act": "gelu"},
}
NEEDED = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
          "max_position_embeddings", "pad_token_id")
DISTIL = {"dim": "hidden_size", "n_layers": "num_hidden_layers", "n_heads": "num_attention_heads",
          "hidden_dim": "intermediate_size", "activation": "hidden_act"}
FAMILIES = ("bert", "roberta", "xlm-roberta", "distilbert")


def of_open_clip(folder: str, text: dict, dimension: int, names: dict[str, str]) -> BertPlan:
    name = text["hf_model_name"].removeprefix("FacebookAI/")
    beside = optional_json(folder, "text_config.json")
    config = beside or KNOWN.get(name)
    if not config:
        raise Unsupported(f"{folder}: text_cfg.hf_model_name is {name}, whose shape is not known here (only "
                          f"{', '.join(KNOWN)}): put its config.json into the folder as text_config.json, if it is of BERT's "
                          "family; or take google/siglip2-base-patch16-224")
    pool = {"mean_pooler": "mean", "cls_last_hidden_state_pooler": "first"}.get(text.get("hf_pooler_type", "mean_pooler"))
    if not pool:
        raise Unsupported(f"{folder}: text_cfg.hf_pooler_type is {text['hf_pooler_type']}, only mean_pooler and "
                          "cls_last_hidden_state_pooler are supported")
    plan = _plan(config, folder, "text.transformer.", names, pool, text.get("context_length", 77))
    width, kind = plan.shape.width, text.get("hf_proj_type", "mlp")
    if kind == "mlp":
        middle = (width + dimension) // 2
        plan.layers = [{"in": width, "out": middle, "bias": False, "then": "gelu"},
                       {"in": middle, "out": dimension, "bias": False, "then": None}]
        names.update({"text.behind.0.weight": "text.proj.0.weight", "text.behind.2.weight": "text.proj.2.weight"})
    elif kind == "linear":
        plan.layers = [{"in": width, "out": dimension, "bias": False, "then": None}]
        names["text.behind.0.weight"] = "text.proj.weight"
    else:
        raise Unsupported(f"{folder}: text_cfg.hf_proj_type is {kind}, only mlp and linear are supported")
    return plan


def of_sentence_transformers(folder: str, config: dict, prefix: str, names: dict[str, str], pool: str, context: int) -> BertPlan:
    return _plan(config, folder, prefix, names, pool, context)


def _plan(config: dict, folder: str, prefix: str, names: dict[str, str], pool: str, context: int) -> BertPlan:
    config = {DISTIL.get(key, key): value for key, value in config.items()}
    family = config.get("model_type")
    if family not in FAMILIES:
        raise Unsupported(f"{folder}: the text encoder's model_type is {family}, only {', '.join(FAMILIES)} are supported")
    for key in NEEDED:
        if config.get(key) is None:
            raise Unsupported(f"{folder}: the text encoder's configuration lacks {key}")
    if config.get("position_embedding_type", "absolute") != "absolute" or config.get("sinusoidal_pos_embds"):
        raise Unsupported(f"{folder}: only learned absolute positions of the text encoder are supported")
    roberta = family in ("roberta", "xlm-roberta")
    shape = Shape(config["hidden_size"], config["num_hidden_layers"], config["num_attention_heads"], config["intermediate_size"],
                  activation(config.get("hidden_act", "gelu"), "hidden_act"), config.get("layer_norm_eps", 1e-12))
    first = config["pad_token_id"] + 1 if roberta else 0
    distil = family == "distilbert"
    names.update({"text.tokens.weight": f"{prefix}embeddings.word_embeddings.weight",
                  "text.positions.weight": f"{prefix}embeddings.position_embeddings.weight"})
    if not distil:
        names["text.kind"] = f"R:{prefix}embeddings.token_type_embeddings.weight"
    for kind in ("weight", "bias"):
        names[f"text.before.{kind}"] = f"{prefix}embeddings.LayerNorm.{kind}"
    for layer in range(shape.layers):
        new = f"text.layers.{layer}."
        old = f"{prefix}transformer.layer.{layer}." if distil else f"{prefix}encoder.layer.{layer}."
        qkv, parts = ("attention.self.", ("query", "key", "value")) if not distil else ("attention.", ("q_lin", "k_lin", "v_lin"))
        pairs = (("attention_out", "attention.output.dense"), ("after_attention", "attention.output.LayerNorm"),
                 ("widen", "intermediate.dense"), ("narrow", "output.dense"), ("after_perceptron", "output.LayerNorm"))
        if distil:
            pairs = (("attention_out", "attention.out_lin"), ("after_attention", "sa_layer_norm"), ("widen", "ffn.lin1"),
                     ("narrow", "ffn.lin2"), ("after_perceptron", "output_layer_norm"))
        for kind in ("weight", "bias"):
            names[new + f"queries_keys_values.{kind}"] = "+".join(f"{old}{qkv}{part}.{kind}" for part in parts)
            for left, right in pairs:
                names[new + f"{left}.{kind}"] = f"{old}{right}.{kind}"
    context = min(context, config["max_position_embeddings"] - first)
    return BertPlan(family, shape, config["vocab_size"], config["max_position_embeddings"], first,
                    config.get("type_vocab_size", 0), config["pad_token_id"], context, pool)


def read_parts(folder: str) -> list[dict]:
    """The modules of a model of sentence-transformers, with their settings."""
    import json

    with open(os.path.join(folder, "modules.json"), encoding="utf-8") as file:
        modules = json.load(file)
    parts = []
    for module in modules:
        kind, at = module["type"].rsplit(".", 1)[-1], os.path.join(folder, module.get("path", ""))
        settings = {}
        for name in ("sentence_bert_config.json", "config.json"):
            if os.path.exists(os.path.join(at, name)):
                settings = {**settings, **{name: read_json(os.path.join(at, name))}}
        parts.append({"kind": kind, "folder": at, "settings": settings})
    return parts
