"""The special and added tokens that a folder's files declare, as transformers gathers them.

    >>> declared = gather(TokenFiles(tokenizer_config), backend.get_added_tokens_decoder(), {})
    >>> add_to(backend, declared)
    >>> declared.texts()
    {'bos_token': '<s>', 'image_token': '<image>'}

What wins, and with which flags, is that of PreTrainedTokenizerBase and TokenizersBackend in 5.24:
https://github.com/huggingface/transformers/blob/main/src/transformers/tokenization_utils_base.py
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import tokenizers
from tokenizers import AddedToken

from intab.errors import ManifestError

NAMES = (
    *("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"),
)
_FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")
_EXTRA = "extra_special_tokens"
_CONFIG, _MAP, _ADDED = "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"

Token = str | AddedToken


@dataclass(frozen=True)
class TokenFiles:
    """What the files beside tokenizer.json say, {} for one that is not there."""

    config: Mapping[str, Any] = field(default_factory=dict)
    special_map: Mapping[str, Any] = field(default_factory=dict)
    added: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Declared:
    """Named special tokens, special ones without a name, and added ones by the id they claim."""

    named: Mapping[str, Token]
    extra: tuple[Token, ...] = ()
    added: Mapping[int, AddedToken] = field(default_factory=dict)

    def texts(self) -> dict[str, str]:
        """bos_token and the like as text: what transformers calls special_tokens_map."""
        return {name: str(token) for name, token in self.named.items()}


def gather(
    files: TokenFiles, own: Mapping[int, AddedToken], defaults: Mapping[str, str | None]
) -> Declared:
    """What the files declare; ManifestError names the file and the key that cannot be read.

    own: the added tokens of tokenizer.json.
    defaults: the named tokens of the tokenizer's class, if no file says otherwise.
    """
    said = _read(files.config, _CONFIG)
    if "additional_special_tokens" in said and not said.get(_EXTRA):
        said[_EXTRA] = said.pop("additional_special_tokens")
    specific = _take_specific(said)
    if "added_tokens_decoder" in files.config:
        added = _added_decoder(files.config["added_tokens_decoder"])
        known = {str(token): token for token in added.values()}
    else:
        _merge_map(said, specific, files.special_map)
        added = {**_added_legacy(files.added, said), **own}
        known = {str(token): token for token in added.values()}
    if "additional_special_tokens" in said and _EXTRA not in said:
        said[_EXTRA] = said["additional_special_tokens"]
    standard = {name: _known(said.get(name, defaults.get(name)), known) for name in NAMES}
    specific = {**_take_specific(said), **specific}
    named = {name: token for name, token in {**standard, **specific}.items() if token is not None}
    extra = said.get(_EXTRA) or []
    return Declared(named, tuple(extra), added)


def add_to(backend: tokenizers.Tokenizer, declared: Declared) -> None:
    """Add the tokens that a tokenizer lacks, in transformers' order."""
    tokens: list[Token] = [declared.added[number] for number in sorted(declared.added)]
    names = {str(token) for token in declared.named.values()}
    there = {token.content for token in backend.get_added_tokens_decoder().values()}
    there.update(map(str, tokens))
    for token in (*declared.named.values(), *declared.extra):
        if str(token) not in there and token not in tokens:
            tokens.append(token)
    backend.add_tokens([_special(token, names) for token in tokens])


def _special(token: Token, names: set[str]) -> AddedToken:
    if isinstance(token, str):
        return AddedToken(token, special=True)
    if not token.special and str(token) in names:
        token.special = True
    return token


def _known(token: Token | None, known: Mapping[str, AddedToken]) -> Token | None:
    return known.get(str(token), token) if token is not None else None


def _read(settings: Mapping[str, Any], file: str) -> dict[str, Any]:
    """The keys that declare tokens, every token read."""
    said: dict[str, Any] = {}
    for key, value in settings.items():
        if key in (_EXTRA, "additional_special_tokens"):
            said[key] = _several(value, file, key)
        elif key in NAMES:
            said[key] = None if value is None else _token(value, file, key)
        elif key.endswith("_token") and _is_token(value, file):
            said[key] = _token(value, file, key)
    return said


def _several(value: Any, file: str, key: str) -> Any:
    """A list of tokens, or a dict of named ones; None as it is."""
    if isinstance(value, Mapping):
        return {str(name): _token(token, file, key) for name, token in value.items()}
    if isinstance(value, list):
        return [_token(token, file, key) for token in value]
    if value is None:
        return None
    raise _wrong(file, key, "a list of tokens or a dict of named ones", value)


def _take_specific(said: dict[str, Any]) -> dict[str, Token]:
    """The named tokens of this model alone, such as image_token, taken out of `said`."""
    names = [name for name in said if name.endswith("_token") and name not in NAMES]
    specific = {name: said.pop(name) for name in names}
    if isinstance(said.get(_EXTRA), dict):
        specific |= said.pop(_EXTRA)
    return specific


def _merge_map(
    said: dict[str, Any], specific: dict[str, Token], special_map: Mapping[str, Any]
) -> None:
    """Lay special_tokens_map.json over tokenizer_config.json."""
    for key, found in _read(special_map, _MAP).items():
        value = found
        before = said.get(_EXTRA) or []
        if key == _EXTRA and isinstance(value, list) and isinstance(before, list):
            texts = set(map(str, before))
            value = [*before, *(token for token in value if str(token) not in texts)]
        said[key] = value
    if isinstance(said.get(_EXTRA), dict):
        specific |= said.pop(_EXTRA)


def _added_decoder(value: Any) -> dict[int, AddedToken]:
    """added_tokens_decoder of tokenizer_config.json: {"7": {"content": "<x>", ...}}."""
    key = "added_tokens_decoder"
    if not isinstance(value, Mapping):
        raise _wrong(_CONFIG, key, "a dict from ids to tokens", value)
    found = {}
    for number, token in value.items():
        if not str(number).isdecimal() or not isinstance(token, Mapping):
            raise _wrong(_CONFIG, key, "a dict from ids to tokens", {number: token})
        found[int(number)] = _added(token, _CONFIG, key)
    return found


def _added_legacy(added: Mapping[str, Any], said: Mapping[str, Any]) -> dict[int, AddedToken]:
    """added_tokens.json: {"<x>": 7}; special if another file names the token as such."""
    names = {str(said[name]) for name in NAMES if said.get(name)}
    names |= set(map(str, said.get(_EXTRA) or []))
    found = {}
    for text, number in added.items():
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise _wrong(_ADDED, text, "a token id, 0 or more", number)
        special = text in names
        flags = {"normalized": not special, "special": special}
        found[number] = _added({"content": text, **flags}, _ADDED, text)
    return found


def _is_token(value: Any, file: str) -> bool:
    """Whether the value of a name that only this model has is a token: add_bos_token is none."""
    if isinstance(value, Mapping):
        return file == _MAP or value.get("__type") == "AddedToken"
    return isinstance(value, str)


def _token(value: Any, file: str, key: str) -> Token:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return _added(value, file, key)
    raise _wrong(file, key, 'a text or a token such as {"content": "<s>"}', value)


def _added(value: Mapping[str, Any], file: str, key: str) -> AddedToken:
    content = value.get("content")
    flags = {name: value[name] for name in _FLAGS if value.get(name) is not None}
    if file == _MAP:
        flags["special"] = True  # whatever it says
    if not isinstance(content, str) or not all(isinstance(one, bool) for one in flags.values()):
        raise _wrong(file, key, 'a token such as {"content": "<s>", "lstrip": false}', value)
    try:
        return AddedToken(content, **flags)
    except UnicodeError as exc:
        raise _wrong(file, key, "a text without half characters", value) from exc


def _wrong(file: str, key: str, right: str, value: Any) -> ManifestError:
    return ManifestError(f"{file} is not valid: {key} must be {right}, not {str(value)[:80]!r}.")
