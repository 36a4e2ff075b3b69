"""What becomes of each key of a config.json: read, without effect, told, or an error.

    notes = judge_keys("llama", config, read={"vocab_size", ...}, ignored=())

transformers ignores a key that its config class has not, so a graph is right without it. But such
a key may as well come from a newer version or from code beside the checkpoint. So one that another
family reads is ignored and told, as are those that are known to mean nothing, and any other is an
error.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from intab.errors import ConvertError

# Keys, and patterns of keys, that change no logit; each with the reason.
WITHOUT_EFFECT = {
    "_*": "transformers' own bookkeeping",
    "*dropout*": "training alone",
    "*pdrop*": "training alone",
    "*_token_id": "read while text is generated",
    "*_token_ids": "read while text is generated",
    "summary_*": "a head that no logits come from",
    "transformers.js_config": "of another runtime",
    "unsloth_*": "of a training library",
    **dict.fromkeys(
        ("architectures", "auto_map", "model_type", "name_or_path", "transformers_version"),
        "says which class reads the checkpoint",
    ),
    **dict.fromkeys(
        ("bos_token", "eos_token", "pad_token", "prefix", "tokenizer_class", "unk_token"),
        "of the tokenizer",
    ),
    **dict.fromkeys(("dtype", "torch_dtype", "use_bfloat16"), "the type of the stored weights"),
    **dict.fromkeys(
        (
            "attn_implementation",
            "chunk_size_feed_forward",
            "gradient_checkpointing",
            "is_decoder",
            "output_attentions",
            "output_hidden_states",
            "pretraining_tp",
            "pruned_heads",
            "reorder_and_upcast_attn",
            "return_dict",
            "tf_legacy_loss",
            "tie_encoder_decoder",
            "torchscript",
            "use_cache",
            "use_mems",
            "use_return_dict",
        ),
        "how the same numbers are computed",
    ),
    **dict.fromkeys(
        ("initializer_range", "neftune_noise_alpha", "finetuning_task", "rescale_layers"),
        "training alone",
    ),
    **dict.fromkeys(
        ("id2label", "label2id", "num_labels", "problem_type", "task_specific_params"),
        "of classifiers and of other tasks",
    ),
    **dict.fromkeys(
        (
            "bad_words_ids",
            "begin_suppress_tokens",
            "cache_implementation",
            "diversity_penalty",
            "do_sample",
            "early_stopping",
            "encoder_no_repeat_ngram_size",
            "exponential_decay_length_penalty",
            "length_penalty",
            "max_length",
            "max_new_tokens",
            "min_length",
            "no_repeat_ngram_size",
            "num_beam_groups",
            "num_beams",
            "num_return_sequences",
            "output_scores",
            "remove_invalid_values",
            "repetition_penalty",
            "return_dict_in_generate",
            "suppress_tokens",
            "temperature",
            "top_k",
            "top_p",
            "typical_p",
        ),
        "an option of generate",
    ),
    "is_llama_config": "says what the key model_type says",
    "n_ctx": "n_positions is what counts",
    "rope_interleaved": "the stored weights are in transformers' order",
    "vision_config": "of pictures, which a converted model does not see",
    **dict.fromkeys(
        (
            "boi_token_index",
            "eoi_token_index",
            "image_token_index",
            "mm_tokens_per_image",
        ),
        "of pictures, which a converted model does not see",
    ),
}
# What published checkpoints say and no class of transformers reads: Phi-4-mini, Gemma 2, older
# Llamas and GPT-2s, deepset's encoders.
NEVER_READ = (
    *("full_attn_mod", "interpolate_factor", "sliding_window_size", "max_sequence_length"),
    *("model_max_length", "max_seq_length", "predict_special_tokens", "n_special"),
    *("language", "name", "output_past", "xla_device"),
)
# Keys whose other values ask for a sum that no graph of ours computes: the reason.
REFUSED = {
    "add_cross_attention": "it attends to another model's output",
    "is_causal": "tokens see those that follow",
    "is_encoder_decoder": "it is an encoder and a decoder",
    "per_layer_config": "its layers differ from each other",
    "use_bidirectional_attention": "tokens see those that follow, as in EmbeddingGemma",
}
_HARMLESS = {"is_causal": (None, True)}
OFF: tuple[Any, ...] = (None, False, "", [], {})


def judge_keys(
    kind: str,
    config: Mapping[str, Any],
    read: Collection[str],
    others: Collection[str],
    ignored: Iterable[str] = (),
) -> list[str]:
    """What is to be told of keys without an effect; ConvertError for one that is not known.

    `read` are this family's keys, `others` those of all families, `ignored` those that the user
    knows to change nothing.
    """
    _refuse(config)
    left = [key for key in config if key not in read and not _is_off(config[key])]
    left = [key for key in left if key not in REFUSED and not without_effect(key)]
    known = {*others, *NEVER_READ, *ignored}
    unknown = [key for key in left if key not in known]
    if unknown:
        names = ", ".join(map(repr, unknown[:5])) + (" ..." if len(unknown) > 5 else "")
        raise ConvertError(
            f"config.json has keys that are not known for {kind}: {names}. If they do not change "
            "what the model computes, name them with --ignore-keys, separated by commas."
        )
    told = (f"{key} of config.json has no effect: transformers' {kind} ignores it" for key in left)
    return list(told)


def without_effect(key: str) -> str:
    """Why a key changes no logit, "" if it may."""
    if key in WITHOUT_EFFECT:
        return WITHOUT_EFFECT[key]
    found = (why for pattern, why in WITHOUT_EFFECT.items() if fnmatchcase(key, pattern))
    return next(found, "")


def _is_off(value: Any) -> bool:
    """Whether a value asks for nothing; 0 may ask for something."""
    return any(value is off or (value == off and type(value) is type(off)) for off in OFF)


def _refuse(config: Mapping[str, Any]) -> None:
    for key, reason in REFUSED.items():
        value = config.get(key)
        if key in _HARMLESS:
            wrong = not any(value is harmless for harmless in _HARMLESS[key])
        else:
            wrong = not _is_off(value)
        if wrong:
            raise ConvertError(
                f"This model cannot be converted: {reason} ({key} in config.json). "
                "Choose a decoder that writes text from left to right."
            )
