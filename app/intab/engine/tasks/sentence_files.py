"""What sentence-transformers' files beside a model say: pooling, normalising, prompts, lengths.

modules.json names the modules; without it, as there, vectors are the mean of the tokens'.
https://sbert.net/docs/sentence_transformer/usage/custom_models.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from intab.engine.io.small_files import parse_object
from intab.engine.io.untrusted import load_json
from intab.errors import ManifestError, UnsupportedModelError

MODULES, POOLING = "modules.json", "1_Pooling/config.json"
CONFIG, TRANSFORMER = "config_sentence_transformers.json", "sentence_bert_config.json"
# What older releases called it, by the encoder's family.
_OLDER = tuple(
    f"sentence_{family}_config.json"
    for family in ("roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
)
FILES = (MODULES, POOLING, CONFIG, TRANSFORMER, *_OLDER)
MODES = ("cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken")
# In the order in which vectors of several modes stand side by side.
_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
SIMILARITIES = ("cosine", "dot", "euclidean", "manhattan")
_DONE_ELSEWHERE = ("Transformer", "Pooling", "Normalize", "Dropout")


@dataclass(frozen=True)
class SentenceConfig:
    """`rest`: the modules that only a graph can compute; `longest`: the most tokens, None: as the
    tokenizer says."""

    pooling: tuple[str, ...] = ("mean",)
    with_prompt: bool = True
    normalize: bool = False
    rest: tuple[str, ...] = ()
    prompts: Mapping[str, str] = field(default_factory=dict)
    default_prompt: str | None = None
    similarity: str = "cosine"
    truncate_dim: int | None = None
    activation: str | None = None
    longest: int | None = None
    lower: bool = False

    def check_rest(self) -> None:
        """UnsupportedModelError where the graph leaves modules to others that are not there."""
        if self.rest:
            raise UnsupportedModelError(
                f"{MODULES} names {self.rest[0]}, and the graph gives no sentence_embedding: "
                "export the whole of the sentence-transformers model."
            )


def read_sentence_config(files: Mapping[str, str]) -> SentenceConfig:
    """What the files say, by their names; ManifestError where one cannot be read."""
    config = _object(files, CONFIG)
    named, transformer = _transformer(files)
    kinds = _modules(files)
    pooling = _pooling(files, kinds)
    prompts = config.get("prompts") or {}
    if not isinstance(prompts, Mapping) or not all(
        isinstance(one, str | None) for one in prompts.values()
    ):
        raise _wrong(CONFIG, "prompts", "texts by name")
    default = config.get("default_prompt_name")
    if default is not None and default not in prompts:
        raise _wrong(CONFIG, "default_prompt_name", f"one of {list(prompts)}")
    similarity, activation = config.get("similarity_fn_name"), config.get("activation_fn")
    return SentenceConfig(
        _modes(pooling),
        pooling.get("include_prompt") is not False,
        _normalizes(kinds),
        tuple(kind for kind in kinds if kind not in _DONE_ELSEWHERE),
        {name: one or "" for name, one in prompts.items()},
        default,
        similarity if similarity in SIMILARITIES else "cosine",
        _count(config, CONFIG, "truncate_dim"),
        activation if isinstance(activation, str) else None,
        _longest(transformer, named),
        transformer.get("do_lower_case") is True,
    )


def _transformer(files: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """The settings of the encoder, and their file: the first that says something."""
    names = (TRANSFORMER, *_OLDER) if MODULES in files else ()
    said = ((name, _object(files, name)) for name in names)
    return next(((name, settings) for name, settings in said if settings), (TRANSFORMER, {}))


def _longest(transformer: Mapping[str, Any], file: str) -> int | None:
    """The most tokens: what the tokenizer is made with counts more."""
    given = transformer.get("processor_kwargs", transformer.get("tokenizer_args"))
    made = _count(given, file, "model_max_length") if isinstance(given, Mapping) else None
    return made or _count(transformer, file, "max_seq_length")


def _normalizes(kinds: Sequence[str]) -> bool:
    """Whether a text's vector is normalised at last: before there is one, it changes nothing."""
    done = [kind for kind in kinds if kind not in ("Transformer", "Dropout")]
    return done[-1:] == ["Normalize"]


def _modules(files: Mapping[str, str]) -> list[str]:
    """The classes of the modules without their packages."""
    if MODULES not in files:
        return []
    try:
        modules = load_json(files[MODULES])
    except ValueError as exc:
        raise ManifestError(f"{MODULES} is not valid JSON ({exc}): fetch it again.") from exc
    if not isinstance(modules, list) or not all(
        isinstance(one, Mapping) and isinstance(one.get("type"), str) for one in modules
    ):
        raise _wrong(MODULES, "it", 'a list of objects with a "type"')
    return [str(one["type"]).rpartition(".")[2] for one in modules]


def _pooling(files: Mapping[str, str], kinds: Sequence[str]) -> dict[str, Any]:
    if "Pooling" in kinds and POOLING not in files:
        raise ManifestError(f"{MODULES} names Pooling, and there is no {POOLING}: add that file.")
    return _object(files, POOLING)


def _modes(pooling: Mapping[str, Any]) -> tuple[str, ...]:
    given = pooling.get("pooling_mode")
    if given is None:
        return tuple(mode for flag, mode in _FLAGS.items() if pooling.get(flag) is True) or (
            "mean",
        )
    modes = [given] if isinstance(given, str) else given
    if not isinstance(modes, list) or not modes or not all(mode in MODES for mode in modes):
        raise _wrong(POOLING, "pooling_mode", f"of {', '.join(MODES)}")
    return tuple(modes)


def _object(files: Mapping[str, str], name: str) -> dict[str, Any]:
    return parse_object(files[name], name) if name in files else {}


def _count(settings: Mapping[str, Any], file: str, key: str) -> int | None:
    value = settings.get(key)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise _wrong(file, key, "a whole number from 1 on")
    return value


def _wrong(file: str, key: str, right: str) -> ManifestError:
    return ManifestError(f"{file} is not valid: {key} must be {right}.")
