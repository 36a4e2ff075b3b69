"""Generation options: transformers' names, checked; an option that is unknown is an error.

The model's generation_config.json gives the defaults; what the caller passes wins:

    >>> GenerationOptions.make({"top_k": 40}, {"temperature": 0.7}).top_k
    40
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from intab.engine.constrain.constraint import OPTIONS as CONSTRAINTS
from intab.engine.constrain.constraint import Constraint
from intab.engine.generation.option_checks import CHECKS
from intab.engine.generation.option_rules import (
    decide_sampling,
    is_zero,
    refuse_contradictions,
    refuse_unknown,
    refuse_without_effect,
    settle_lengths,
)
from intab.engine.types import LogitsProcessor, LogitsProcessorFactory
from intab.errors import OptionError

_TOKEN_LISTS = (
    "suppress_tokens",
    "begin_suppress_tokens",
    "forced_bos_token_id",
    "forced_eos_token_id",
)


@dataclass(frozen=True)
class GenerationOptions:
    """How to generate; ranges and defaults stand with each option.

    Length
        max_new_tokens: at most this many new tokens, 1 or more; the context ends it earlier.
        max_length: the same, counted with the prompt; max_new_tokens wins over it.
        min_new_tokens: no end token before that many, 0 or more.
        min_length: the same, counted with the prompt; min_new_tokens wins over it.
        max_time: end after that many seconds, above 0; None is no limit.
        eos_token_id: the id or ids that end the text; None takes the model's.
        stop: a string or strings that end the text and are not part of it.

    Sampling
        do_sample: draw at random; False takes the most probable token each time (greedy).
            Left out, it is True if the model's generation_config.json says so or if an
            option of this section is passed.
        temperature: 0 or more; 0 is greedy, 1 leaves the model's probabilities as they are.
        top_k: keep this many tokens, 0 or more; 0 keeps all.
        top_p: keep the most probable tokens that reach this sum, from 0 to 1; 1 keeps all.
        min_p: keep tokens that many times as probable as the best one, from 0 to 1.
        typical_p: keep the tokens of most typical surprise that reach this sum, from 0 to 1.
        epsilon_cutoff, eta_cutoff: keep tokens above a probability, from 0 to 1; 0 keeps all.
        seed: 0 or more; the same seed gives the same text. None draws one.

    Logits
        repetition_penalty: above 0; more than 1 makes tokens of prompt and answer less likely.
        encoder_repetition_penalty: above 0; more than 1 makes tokens of what was read more likely:
            of an encoder's text, or of the prompt. Of all beams; in transformers of the best alone.
        presence_penalty, frequency_penalty: -2 to 2; subtracted from tokens of the answer, once
            and for each time they came.
        no_repeat_ngram_size: no sequence of that many ids comes twice, 0 or more; 0 is off.
        encoder_no_repeat_ngram_size: the same for those that were read.
        bad_words_ids: lists of ids that may not come in that order.
        suppress_tokens, begin_suppress_tokens: ids that may not come, ever or as the first.
        forced_bos_token_id, forced_eos_token_id: the id after a prompt of one id; the id or ids
            allowed as the last one when the length is reached.
        exponential_decay_length_penalty: (start, factor); after `start` new tokens, 0 or more, the
            end becomes likelier with each: its logit's size times the factor, above 0, once more.
        remove_invalid_values: NaN becomes 0 and infinity the greatest number, if a model gives
            them.
        renormalize_logits: a beam's scores are made probabilities again after all other options.
        logit_bias: numbers to add to ids' logits, {id: number}.
        sequence_bias: numbers to add to the logit of the last id of a sequence if the ones
            before it are there, [[ids, number], ...]; of one id always.
        logits_processors: functions (ids, logits) -> logits, called in order before the sampler
            with all ids so far and the float32 row [vocab]. One that remembers something is an
            object, which is copied, or comes from a factory: see docs/generation.md.

    Form of the answer (one of these; docs/constrain.md)
        json_schema: JSON by a schema: a dict, a text, a dataclass, TypedDict or pydantic model.
        regex: a text that matches a regular expression as a whole.
        choices: one of several strings.
        grammar: a text of a grammar in Lark's syntax or GBNF.
        json_object: True for any JSON object.

    Speed
        prompt_lookup_num_tokens: if the text repeats itself, guess up to that many tokens and
            check them in one step, 0 or more; 0 is off. For one answer at a time. The answer stays
            the same, but for int8 graphs of others with one scale for all tokens of a step. Left
            out, it is 8 if the graph gives the logits after every token and is no such one.

    Several answers
        num_return_sequences: that many answers to a prompt, 1 or more; not from a stream. With a
            seed, the first is the one that the seed gives alone.
        num_beams: beams that are searched, 1 or more; 1 is no beam search. Not from a stream.
        length_penalty: the power of the length that a beam's score is divided by; above 0 favours
            long answers.
        early_stopping: when a search ends: True as soon as num_beams answers are there, False when
            better ones are unlikely, "never" when they are impossible.

    Prompt
        truncation: cut a prompt that is longer than the context; False is an error instead.
        truncation_side: "left" cuts its beginning (the oldest messages of a chat), "right" its end.
        prefill_chunk_size: tokens of the prompt that are computed at once, 1 or more. Smaller takes
            less memory and stops sooner, larger is faster.

    Text
        skip_special_tokens: leave special tokens out of the text; False shows them, also the one
            that ended it.

    Figures
        logprobs: tell each token's log-probability, as the model gave it, before any other option.
        top_logprobs: and that of the most probable tokens at its place, 0 to 20 of them.
    """

    max_new_tokens: int = 256
    max_length: int | None = None
    min_new_tokens: int = 0
    min_length: int = 0
    max_time: float | None = None
    eos_token_id: tuple[int, ...] = ()
    stop: tuple[str, ...] = ()
    do_sample: bool = False
    temperature: float = 1.0
    top_k: int = 50
    top_p: float = 1.0
    min_p: float = 0.0
    typical_p: float = 1.0
    epsilon_cutoff: float = 0.0
    eta_cutoff: float = 0.0
    seed: int | None = None
    repetition_penalty: float = 1.0
    encoder_repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    no_repeat_ngram_size: int = 0
    encoder_no_repeat_ngram_size: int = 0
    bad_words_ids: tuple[tuple[int, ...], ...] = ()
    suppress_tokens: tuple[int, ...] = ()
    begin_suppress_tokens: tuple[int, ...] = ()
    forced_bos_token_id: tuple[int, ...] = ()
    forced_eos_token_id: tuple[int, ...] = ()
    exponential_decay_length_penalty: tuple[int, float] | None = None
    remove_invalid_values: bool = False
    renormalize_logits: bool = False
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    sequence_bias: tuple[tuple[tuple[int, ...], float], ...] = ()
    logits_processors: tuple[LogitsProcessor | LogitsProcessorFactory, ...] = ()
    json_schema: Constraint | None = None
    regex: Constraint | None = None
    choices: Constraint | None = None
    grammar: Constraint | None = None
    json_object: Constraint | None = None
    prompt_lookup_num_tokens: int | None = None
    num_return_sequences: int = 1
    num_beams: int = 1
    length_penalty: float = 1.0
    early_stopping: bool | str = False
    truncation: bool = False
    truncation_side: str = "left"
    prefill_chunk_size: int = 256
    skip_special_tokens: bool = True
    logprobs: bool = False
    top_logprobs: int = 0

    @classmethod
    def make(cls, passed: Mapping[str, Any], defaults: Mapping[str, Any]) -> GenerationOptions:
        """Check what the caller passed and lay it over the model's defaults.

        Args:
            passed: options by name; None means "left out".
            defaults: those of generation_config.json; unknown names in it are left out.

        Returns:
            The options, all within their ranges.

        Raises:
            OptionError: a name is unknown, a value is out of range or has no effect, or two of them
                contradict each other.
        """
        refuse_unknown(passed, [f.name for f in fields(cls)])
        values = {name: value for name, value in passed.items() if value is not None}
        known = {k: v for k, v in defaults.items() if k in CHECKS and v is not None}
        known = {k: v for k, v in known.items() if k not in CONSTRAINTS}  # a caller's alone
        merged = {name: CHECKS[name](name, v) for name, v in {**known, **values}.items()}
        merged["do_sample"] = decide_sampling(values, merged)
        if merged.get("top_logprobs"):
            merged["logprobs"] = merged["logprobs"] if "logprobs" in values else True
        settle_lengths(values, merged, cls.max_new_tokens)
        options = cls(**merged)
        refuse_without_effect(values, options)
        refuse_contradictions(values, options)
        if options.constraint:
            # Those of a model's files: the constraint says how an answer begins and ends.
            options = replace(options, forced_bos_token_id=(), forced_eos_token_id=())
        return options

    @property
    def greedy(self) -> bool:
        """Whether the most probable token is taken each time."""
        return not self.do_sample or is_zero(self.temperature)

    @property
    def constraint(self) -> Constraint | None:
        """What the answer is to be, None for any text."""
        found = (getattr(self, name) for name in CONSTRAINTS)
        return next((one for one in found if one), None)

    def check_tokens(self, size: int) -> None:
        """Check the token ids in the options against a vocabulary of `size` tokens.

        Raises:
            OptionError: one of them is `size` or more.
        """
        lists = {name: getattr(self, name) for name in _TOKEN_LISTS}
        lists["bad_words_ids"] = [token for word in self.bad_words_ids for token in word]
        lists["sequence_bias"] = [token for ids, _ in self.sequence_bias for token in ids]
        lists["logit_bias"] = list(self.logit_bias)
        for name, tokens in lists.items():
            if unknown := [token for token in tokens if token >= size]:
                raise OptionError(
                    f"{name} has the token id {unknown[0]}, but the vocabulary ends at {size - 1}."
                )

    def for_prompt(self, length: int) -> GenerationOptions:
        """Settle max_length and min_length for a prompt of `length` tokens, which they count.

        Returns:
            The same options with both as numbers of new tokens.

        Raises:
            OptionError: no new token is left.
        """
        most, least = self.max_new_tokens, self.min_new_tokens
        if self.max_length is not None:
            most = self.max_length - length
        if most < 1:
            raise OptionError(
                f"The prompt has {length:,} tokens and max_length, which counts them, is "
                f"{self.max_length:,}: pass a larger one, or max_new_tokens."
            )
        least = min(max(least, self.min_length - length), most)
        return replace(self, max_new_tokens=most, min_new_tokens=least)

    def limited(self, room: int) -> GenerationOptions:
        """Limit the length of the answer.

        Returns:
            The same options with at most `room` new tokens.
        """
        return replace(self, max_new_tokens=min(self.max_new_tokens, room))
