"""Times and rates of a generation: a meter that gets each token, and its figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from intab.engine.constrain.constraint import Bring


@dataclass(frozen=True)
class Metrics:
    """Figures of one generation; times in seconds, rates in tokens a second (0 if unknown).

    Attributes:
        prompt_tokens: the tokens of the prompt.
        new_tokens: the tokens of the answer so far.
        time_to_first_token: from the prompt's way in to the first new token.
        prefill_rate, decode_rate: of the prompt's way in, and of the answer after its first token.
        prefilled_tokens: how far the rest of the prompt is in; it grows from piece to piece.
        cached_tokens: those of the prompt that were there from an earlier turn of a chat.
        load_time, warm_up_time: what `intab.load` took, and the part in which the model first ran.
        peak_memory: bytes; what the process has used in CPython, the WebAssembly memory of Python
            and onnxruntime in a browser; None if that cannot be told, as on a GPU.
    """

    prompt_tokens: int
    new_tokens: int
    time_to_first_token: float
    prefill_rate: float
    decode_rate: float
    prefilled_tokens: int = 0
    cached_tokens: int = 0
    load_time: float = 0.0
    warm_up_time: float = 0.0
    peak_memory: int | None = None

    def __str__(self) -> str:
        cached = f", {self.cached_tokens} of them kept" if self.cached_tokens else ""
        return (
            f"first token after {self.time_to_first_token:.2f} s; "
            f"prompt {self.prompt_tokens} tokens{cached}, {self.prefill_rate:.0f} tokens/s; "
            f"answer {self.new_tokens} tokens, {self.decode_rate:.1f} tokens/s"
        )


OnMetrics = Callable[[Metrics], None]


async def already_here(package: str) -> None:
    """Nothing is to be fetched."""


@dataclass(frozen=True)
class Setting:
    """The part that all generations of a model share: how it was loaded, who gets the figures, what
    fetches a package that not all need."""

    on_metrics: OnMetrics | None = None
    load_time: float = 0.0
    warm_up_time: float = 0.0
    peak_memory: Callable[[], int | None] = lambda: None
    bring: Bring = already_here


UNKNOWN = Setting()


class Stopwatch:
    """Times a load by the stages that it reports."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._start = self._warm_up = clock()

    def heard(self, stage: str) -> None:
        """A stage begins."""
        if stage == "warm up":
            self._warm_up = self._clock()

    def setting(
        self,
        on_metrics: OnMetrics | None,
        memory: Callable[[], int | None],
        bring: Bring = already_here,
    ) -> Setting:
        """When the load is done: the part that its generations share."""
        end = self._clock()
        return Setting(on_metrics, end - self._start, end - self._warm_up, memory, bring)


class Meter:
    """Measures one generation; reports at the first token, then four times a second."""

    interval = 0.25
    tokens = 0

    def __init__(
        self,
        prompt_tokens: int,
        setting: Setting = UNKNOWN,
        cached_tokens: int = 0,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._prompt_tokens = prompt_tokens
        self._cached_tokens = cached_tokens
        self._prefilled = self._at_first = 0
        self._setting = setting
        self._clock = clock
        self._start = self._first = self._last = self._reported = clock()

    def prefilled(self, tokens: int) -> None:
        """So many tokens of the prompt are in; those of a batch have as many each."""
        self._prefilled = tokens
        self._report_now_and_then()

    def token(self, count: int = 1) -> None:
        """One more token is there, or one in each of `count` answers."""
        self.tokens += count
        self._last = self._clock()
        if self.tokens == count:
            self._first, self._at_first = self._last, count
            self.report()
        else:
            self._report_now_and_then()

    def _report_now_and_then(self) -> None:
        if self._clock() - self._reported >= self.interval:
            self.report()

    def report(self) -> None:
        """Tell the listener how things stand."""
        self._reported = self._clock()
        if self._setting.on_metrics:
            self._setting.on_metrics(self.metrics())

    def metrics(self) -> Metrics:
        """The figures so far."""
        first, decoding = self._first - self._start, self._last - self._first
        return Metrics(
            self._prompt_tokens,
            self.tokens,
            first,
            (self._prompt_tokens - self._cached_tokens) / first if first > 0 else 0.0,
            (self.tokens - self._at_first) / decoding if decoding > 0 else 0.0,
            self._prefilled,
            self._cached_tokens,
            self._setting.load_time,
            self._setting.warm_up_time,
            self._setting.peak_memory(),
        )
