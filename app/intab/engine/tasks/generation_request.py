"""A call of text-generation: the pipeline's own options, a prompt's ids, an answer's record.

What neither the caller nor generation_config.json says is as in transformers' pipeline: 256 new
tokens, sampled at 0.7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intab.engine.generation.streamer import Generation
from intab.engine.model import Model
from intab.engine.tasks.text_inputs import OPTIONS, check_text_options, cut_side, limit_of
from intab.engine.tasks.text_task import check_dict, take_flag, take_number
from intab.engine.text.assets import Texts
from intab.engine.text.chat_template import check_context, check_messages
from intab.engine.text.tokenizer import Cut, cleans_up
from intab.engine.text.truncation import cut_ids
from intab.errors import ContextLengthError, EmptyPromptError, OptionError, PromptError

_DEFAULTS: Mapping[str, Any] = {"max_new_tokens": 256, "do_sample": True, "temperature": 0.7}
_CHAT = ("tools", "documents")
_ENCODE = "tokenizer_encode_kwargs"


def is_chat(value: Any) -> bool:
    """Whether this is a list of messages."""
    first = value[0] if isinstance(value, list | tuple) and value else None
    return isinstance(first, Mapping) and {"role", "content"} <= first.keys()


class Request:
    """A call's options: the pipeline's own, and those of the model."""

    def __init__(self, own: Mapping[str, Any], options: dict[str, Any], shape: str) -> None:
        self.own, self.options, self.shape = own, options, shape

    @classmethod
    def take(cls, given: dict[str, Any], configured: Mapping[str, Any]) -> Request:
        """OptionError for what does not go together; what is left is `Model.generate`'s."""
        shape = take_shape(given)
        own: dict[str, Any] = {
            "prefix": _checked(given, "prefix", str, "a text") or "",
            "special": take_flag(given, "add_special_tokens", default=True),
            "skip": take_flag(given, "skip_special_tokens", default=True),
            "continue": _checked(
                given, "continue_final_message", bool | str, "True, False or a field's name"
            ),
            "hole": given.pop("handle_long_generation", None),
            "context": {name: given.pop(name) for name in _CHAT if name in given},
            "encode": check_dict(_ENCODE, given.pop(_ENCODE, None)),
            "clean": flag_or_none(given, "clean_up_tokenization_spaces"),
        }
        for name in ("add_special_tokens", "skip_special_tokens", "clean_up_tokenization_spaces"):
            given.pop(name, None)
        drop_idle(given)
        check_text_options({"padding": given.pop("padding", None)})  # rows are padded as is needed
        if own["hole"] not in (None, "hole"):
            raise OptionError('handle_long_generation must be None or "hole".')
        take_stop(given)
        said = {**configured, **given}
        added = {name: value for name, value in _DEFAULTS.items() if said.get(name) is None}
        if said.get("max_length") is not None:
            added.pop("max_new_tokens", None)
        if not {**said, **added}.get("do_sample"):
            added.pop("temperature", None)
        return cls(own, {**added, **given}, shape)

    def encode(self, model: Model, prompt: Any) -> list[int]:
        """A prompt's ids."""
        if isinstance(prompt, str):
            ids = self._text_ids(model._texts, self.own["prefix"] + prompt) or _first(model)
        elif is_chat(prompt):
            ids = self._chat_ids(model, prompt)
        else:
            kind = type(prompt).__name__
            raise PromptError(f"A prompt is a text or a list of messages, not {kind}.")
        return self._with_room(model, ids)

    def _text_ids(self, texts: Texts, text: str) -> list[int]:
        options = check_text_options(self.own["encode"])
        most = _most(texts, options)
        cut = Cut(most, 0, _strategy(options), cut_side(texts)) if most else None
        special = options.get("add_special_tokens", self.own["special"])
        return list(texts.tokenizer.windows(text, None, special, cut)[0].ids)

    def _chat_ids(self, model: Model, chat: Sequence[Mapping[str, Any]]) -> list[int]:
        check_messages(chat)
        encode = self.own["encode"]
        options = check_text_options({n: encode[n] for n in OPTIONS if n in encode})
        known = {name: value for name, value in encode.items() if name not in options}
        check_context(known)
        context = {"continue_final_message": self._goes_on(chat), **self.own["context"], **known}
        ids, most = model.encode(chat, **context), _most(model._texts, options)
        return cut_ids(ids, most, cut_side(model._texts), ()) if most and len(ids) > most else ids

    def _goes_on(self, chat: Sequence[Mapping[str, Any]]) -> bool | str:
        """Whether the last message is continued, or which field of it: the assistant's is, unless
        it is said."""
        said: bool | str | None = self.own["continue"]
        return chat[-1]["role"] == "assistant" if said is None else said

    def _with_room(self, model: Model, ids: list[int]) -> list[int]:
        """With "hole" the last ids that leave room for the new tokens."""
        limits = (model.context_length, limit_of(model._texts))
        most = min((one for one in limits if one), default=0)
        new = self.options.get("max_new_tokens", 0)
        if self.own["hole"] is None or not most or len(ids) + new <= most:
            return ids
        if new >= most:
            raise ContextLengthError(
                f"{new:,} new tokens leave no room for a prompt in a context of {most:,}: ask for "
                "fewer."
            )
        return ids[new - most :]

    def record(
        self, model: Model, prompt: Any, ids: Sequence[int], found: Generation
    ) -> dict[str, Any]:
        """One answer in transformers' shape."""
        form = Form(self.shape, self.own["skip"], self.own["clean"])
        goes_on = not isinstance(prompt, str) and self._goes_on(prompt)
        return form.record(model, prompt, ids, found, goes_on)


@dataclass(frozen=True)
class Form:
    """How answers are given back: as `take_shape` has it, without special tokens, cleaned up."""

    shape: str
    skip: bool
    clean: bool | None

    def record(
        self,
        model: Model,
        prompt: Any,
        ids: Sequence[int],
        found: Generation,
        goes_on: bool | str,
    ) -> dict[str, Any]:
        """Ids, the new text, or prompt and text; `goes_on`: whether a chat's last message is
        continued, or which field of it."""
        if self.shape == "tensors":
            return {"generated_token_ids": [*ids, *found.ids]}
        clean = self.clean and _may_clean(model)
        text = model.tokenizer.decode(found.ids, self.skip, clean)
        if self.shape == "new":
            return {"generated_text": text}
        if isinstance(prompt, str):
            return {"generated_text": prompt + text}
        if goes_on:
            last = _continued(prompt[-1], "content" if goes_on is True else goes_on, text)
            return {"generated_text": [*prompt[:-1], last]}
        return {"generated_text": [*prompt, {"role": "assistant", "content": text}]}


def _continued(message: Mapping[str, Any], field: str, text: str) -> dict[str, Any]:
    """A message with what was written behind its field, or behind the last text in there: of one
    whose content goes on the role and the content alone, as in transformers."""
    begun = message[field]
    if isinstance(begun, str):
        done: Any = begun + text
    else:
        last = max(at for at, block in enumerate(begun) if "text" in block)
        block = {**begun[last], "text": begun[last]["text"] + text}
        done = [*begun[:last], block, *begun[last + 1 :]]
    kept = {"role": message["role"]} if field == "content" else message
    return {**kept, field: done}


def _most(texts: Texts, options: Mapping[str, Any]) -> int | None:
    """How many tokens the options cut a prompt to, None for no cut."""
    if options.get("truncation") in (None, False, "do_not_truncate"):
        return None
    return options.get("max_length") or limit_of(texts)


def _strategy(options: Mapping[str, Any]) -> str:
    truncation = options["truncation"]
    return "longest_first" if truncation is True else str(truncation)


def _checked(given: dict[str, Any], name: str, kind: Any, words: str) -> Any:
    """An option that is taken out; OptionError for one of another kind."""
    value = given.pop(name, None)
    if value is not None and not isinstance(value, kind):
        raise OptionError(f"{name} must be {words}, not {value!r}.")
    return value


def flag_or_none(given: Mapping[str, Any], name: str) -> bool | None:
    """A flag that may be left out; OptionError."""
    return None if given.get(name) is None else take_flag(given, name, default=False)


def take_stop(options: dict[str, Any]) -> None:
    """What transformers' pipelines call stop_sequence becomes `stop`; OptionError for both."""
    stop = options.pop("stop_sequence", None)
    if stop is None:
        return
    if options.get("stop") is not None:
        raise OptionError("stop_sequence and stop say the same: pass one of them.")
    options["stop"] = stop


def drop_idle(given: dict[str, Any]) -> int | None:
    """Take out what transformers' users pass and what changes no text: pad_token_id, which is given
    back, and use_cache. OptionError."""
    take_flag(given, "use_cache", default=True)
    given.pop("use_cache", None)
    return take_number({"pad_token_id": given.pop("pad_token_id", None)}, "pad_token_id", 0, None)


def _may_clean(model: Model) -> bool:
    """Whether the model's texts are cleaned up if that is asked for."""
    texts = model._texts
    asked = {**texts.tokenizer_config, "clean_up_tokenization_spaces": True}
    return cleans_up(texts.tokenizer.backend, asked)


def _first(model: Model) -> list[int]:
    """What an answer to nothing begins with: the token of the beginning, as in transformers."""
    texts = model._texts
    for told in (texts.generation_config, texts.config):
        if isinstance(first := told.get("bos_token_id"), int):
            return [first]
    raise EmptyPromptError(
        "The text has no tokens, and the model no bos_token_id: write at least one character."
    )


def take_shape(given: dict[str, Any]) -> str:
    """What is given back: "full", "new" or "tensors"; OptionError for two at once."""
    for name in ("return_full_text", "return_text"):
        take_flag(given, name, default=False)
    full, text, tensors = (
        given.pop(name, None) for name in ("return_full_text", "return_text", "return_tensors")
    )
    if sum(one is not None for one in (full, text, tensors)) > 1:
        raise OptionError("Pass one of return_full_text, return_text and return_tensors.")
    if tensors:
        return "tensors"
    return "new" if full is False else "full"
