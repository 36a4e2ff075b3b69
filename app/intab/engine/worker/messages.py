"""What the page and its worker say to each other: one JSON object a message, each with a kind.

Requests go to the worker, events come from it. A `run` number ties events to the program that was
running, so that late words of a stopped program are known as such.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from intab.engine.io.untrusted import load_json


@dataclass(frozen=True)
class Run:
    """Run this Python program, which finds the model that the visitor chose as MODEL."""

    run: int
    source: str
    model: str = "default"


@dataclass(frozen=True)
class Stop:
    """Stop the program with this number; nothing happens if it is not the running one."""

    run: int


@dataclass(frozen=True)
class Preload:
    """Load a model, so that the first program finds it there."""

    model: str


@dataclass(frozen=True)
class Manage:
    """Manage stored models; `model` is its address, or "" for all of them, `file` one that the
    page has chosen, as `disk:NAME`. Answered by Stored, after Managing as it goes on."""

    action: Literal["list", "verify", "delete", "export", "import"]
    model: str = ""
    file: str = ""


@dataclass(frozen=True)
class Token:
    """The hub's access token that the visitor typed: for this visit, and kept nowhere."""

    token: str = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """The visitor's line, where the program asked with `await`."""

    run: int
    text: str


@dataclass(frozen=True)
class Control:
    """A control has a new value: for the program that runs, and for the next."""

    name: str
    value: float | str | bool


@dataclass(frozen=True)
class Check:
    """Look at a program's syntax; `number` comes back with the answer."""

    number: int
    source: str


@dataclass(frozen=True)
class Checked:
    """What Python says of the syntax: each problem has a line, a column and a message."""

    number: int
    problems: list[Mapping[str, Any]]


@dataclass(frozen=True)
class Preloaded:
    """The preload ended; `error` is "" if it succeeded."""

    error: str = ""


@dataclass(frozen=True)
class Output:
    """Text that the program printed."""

    run: int
    text: str
    stream: Literal["stdout", "stderr"]


@dataclass(frozen=True)
class Display:
    """A value to show; `content` is as `Shown` has it. Bytes come beside the message."""

    run: int
    form: str
    text: str
    content: Any = None


@dataclass(frozen=True)
class Ask:
    """A question: Answer is awaited, or, if it is `blocking`, the worker stands still for it."""

    run: int
    prompt: str
    blocking: bool = False


@dataclass(frozen=True)
class Draw:
    """The controls to draw; each has a name, a kind, a value and what it may be."""

    run: int
    controls: list[Mapping[str, Any]]


@dataclass(frozen=True)
class Take:
    """What the program asks the visitor for: pictures of a camera, drawn on a canvas, or a file;
    sound of a microphone. A port comes beside the message, at which each is asked for."""

    run: int
    source: Literal["camera", "canvas", "file", "microphone"]
    prompt: str = ""
    width: int = 0
    height: int = 0
    facing: str = ""
    ink: str = ""
    pen: int = 0
    buffer: float = 0
    processing: bool = False


@dataclass(frozen=True)
class Loading:
    """How far a model's loading is: bytes, or a stage without bytes (total 0)."""

    stage: str
    file: str
    loaded: int
    total: int
    file_loaded: int = 0
    file_total: int = 0
    rate: float = 0.0
    seconds_left: float | None = None


@dataclass(frozen=True)
class Noticed:
    """Something a visitor should hear of though the load goes on; one `topic` at a time."""

    topic: Literal["memory", "changed", "damaged", "offline"]
    text: str


@dataclass(frozen=True)
class Loaded:
    """A model is ready."""

    name: str
    dtype: str
    device: str
    reason: str


@dataclass(frozen=True)
class Measured:
    """Figures of a generation: seconds, and tokens a second."""

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


@dataclass(frozen=True)
class Finished:
    """The program ended; an error has a type, one sentence and the user's lines."""

    run: int
    outcome: Literal["done", "stopped", "error"]
    error_type: str = ""
    message: str = ""
    traceback: str = ""


@dataclass(frozen=True)
class StoredItem:
    """A model that is stored, or part of one; `loaded` if it is in memory too."""

    name: str
    address: str
    revision: str
    bytes: int
    complete: bool
    verified: bool
    last_used: float | None
    loaded: bool


@dataclass(frozen=True)
class Stored:
    """The stored models, the room in bytes, and a sentence on what was done or went wrong."""

    models: tuple[StoredItem, ...] = ()
    used: int | None = None
    quota: int | None = None
    persisted: bool = False
    done: str = ""
    error: str = ""


@dataclass(frozen=True)
class Managing:
    """How far verifying, exporting or importing is, in bytes; an import has two stages."""

    stage: Literal["verify", "export", "check", "import"]
    loaded: int
    total: int
    rate: float
    seconds_left: float | None


Request = Run | Stop | Answer | Control | Check | Preload | Manage | Token
Shows = Output | Display | Ask | Draw | Take | Checked
Event = Preloaded | Shows | Loading | Noticed | Loaded | Measured | Finished | Stored | Managing
_REQUESTS: dict[str, type[Request]] = {
    "run": Run,
    "stop": Stop,
    "answer": Answer,
    "control": Control,
    "check": Check,
    "preload": Preload,
    "manage": Manage,
    "token": Token,
}


def encode(event: Event) -> str:
    """An event as JSON; its kind is the class's name in lower case."""
    return json.dumps({"kind": type(event).__name__.lower(), **asdict(event)})


def decode(text: str) -> Request:
    """A request from JSON; ValueError if it is not one."""
    data: dict[str, Any] = load_json(text)
    try:
        return _REQUESTS[data.pop("kind")](**data)
    except (KeyError, TypeError, AttributeError) as exc:
        raise ValueError(f"not a request: {text[:80]}") from exc
