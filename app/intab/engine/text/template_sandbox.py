"""Jinja's immutable sandbox as transformers sets it up, with an end to what a template may use.

    >>> render_template("{% for m in messages %}{{ m.content }}{% endfor %}", {"messages": [...]})

The helpers and settings are those of
https://github.com/huggingface/transformers/blob/main/src/transformers/utils/chat_template_utils.py
What Jinja compiles is changed in one thing: loops, macros, outputs and comparisons tell a `Budget`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache, wraps
from typing import Any

import jinja2
from jinja2 import nodes, pass_context
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedFormatter
from jinja2.utils import Namespace

from intab.engine.text.dates import strftime
from intab.engine.text.template_arguments import seen
from intab.engine.text.template_budget import Budget, bound, current, measure
from intab.engine.text.template_limits import (
    check_call,
    check_filter,
    check_operator,
    check_spec,
)
from intab.engine.text.template_metering import METERS, Metering, budget, compared, made
from intab.engine.text.template_nesting import check_nesting

MAX_SOURCE = 100_000  # characters of a template; real ones have 20,000
_COMPARING = (
    *("eq", "==", "equalto", "ne", "!=", "in", "lt", "<", "lessthan", "le", "<="),
    *("gt", ">", "greaterthan", "ge", ">="),
)


def render_template(source: str, names: Mapping[str, Any]) -> str:
    """Render a template; ChatTemplateError if it passes a limit, else what Jinja raises."""
    template = _compile(source)
    token = current.set(Budget())
    try:
        text = template.render(names)
        bound(len(text), "the text")
        return text
    finally:
        current.reset(token)


@lru_cache(maxsize=16)
def _compile(source: str) -> jinja2.Template:
    if len(source) > MAX_SOURCE:
        raise jinja2.TemplateSyntaxError(f"it has more than {MAX_SOURCE:,} characters", 1)
    return LimitedEnvironment().from_string(source)


class GenerationBlock(Extension):
    """{% generation %}...{% endgeneration %} marks the model's words for training: text here."""

    tags = {"generation"}  # noqa: RUF012 - as Jinja declares it

    def parse(self, parser: Parser) -> nodes.Node:
        """A call of its own body, so that names set in it end with it, as in transformers."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_text"), [], [], body).set_lineno(line)

    def _text(self, caller: Callable[[], str]) -> str:
        return caller()


class LimitedFormatter(SandboxedFormatter):
    """str.format that is measured field by field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._length = 0

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        """The object that a field names."""
        found = super().get_field(field_name, args, kwargs)
        measure(found[0])
        return found

    def format_field(self, value: Any, format_spec: str) -> Any:
        """The text of one field."""
        check_spec(value, format_spec)
        text: str = made(super().format_field(value, format_spec))
        self._length += len(text)
        bound(self._length)
        return text


class LimitedEnvironment(ImmutableSandboxedEnvironment):
    """transformers' environment, whose every step is counted."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.loopcontrols", GenerationBlock],
            finalize=_printed,
            optimized=False,  # constants are computed within a budget too
        )
        self.filters["tojson"] = _tojson
        self.filters = {name: _metered(name, call) for name, call in self.filters.items()}
        self.filters |= METERS
        for name in _COMPARING:
            self.tests[name] = _measured(self.tests[name])
        self.globals |= _globals()
        del self.globals["lipsum"]  # text drawn at random, as long as it is asked for

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        # Jinja's own seam between parsing and compiling.
        check_nesting(self._tokenize(source, name, filename))
        return Metering().visit(super()._parse(source, name, filename))  # type: ignore[no-any-return]

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """Call what a template calls; Jinja's own names keep keywords free."""
        args = tuple(seen(value) for value in args)
        kwargs = {name: seen(value) for name, value in kwargs.items()}
        check_call(__obj, args, kwargs)
        with budget().deeper():
            return made(super().call(__context, __obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Compute with two values."""
        check_operator(operator, left, right)
        return compared(made(super().call_binop(context, operator, left, right)))

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """str.format and str.format_map, with measured fields; of Markup as of str."""
        if super().wrap_str_format(value) is None:
            return None
        vformat = LimitedFormatter(self).vformat
        if value.__name__ == "format_map":
            return lambda mapping: vformat(value.__self__, (), mapping)
        return lambda *args, **kwargs: vformat(value.__self__, args, kwargs)


@pass_context  # which also keeps Jinja from printing constants while it compiles
def _printed(_: Context, value: Any) -> Any:
    budget().step(measure(value))
    return value


def _metered(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that is checked before it runs and counted after."""
    own = 1 if hasattr(call, "jinja_pass_arg") else 0

    @wraps(call)
    def filtered(*args: Any, **kwargs: Any) -> Any:
        given = [seen(value) for value in args[own:]]
        kwargs = {key: seen(value) for key, value in kwargs.items()}
        check_filter(name, call, given, kwargs)
        return made(call(*args[:own], *given, **kwargs))

    return filtered


def _measured(test: Any) -> Any:
    @wraps(test)
    def tested(*args: Any) -> Any:
        return test(*(compared(value) for value in args))

    return tested


def _globals() -> dict[str, Any]:
    return {
        "raise_exception": _raise_exception,
        "strftime_now": _strftime_now,
        "dict": TemplateDict(),
        "namespace": TemplateNamespace,
    }


class TemplateDict:
    """`dict` for templates, which cannot be taken apart."""

    def __call__(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        for value in args:
            measure(value)  # keys are hashed
        return dict(*args, **kwargs)

    def fromkeys(self, *args: Any) -> dict[Any, Any]:
        """dict.fromkeys."""
        return dict.fromkeys(*args)


class TemplateNamespace(Namespace):
    """Jinja's namespace without names that begin with an underscore."""

    def __init__(*args: Any, **kwargs: Any) -> None:
        self, *rest = args
        attributes = dict(*rest, **kwargs)
        for name in attributes:
            _check_name(name)
        Namespace.__init__(self, attributes)

    def __setitem__(self, name: str, value: Any) -> None:
        _check_name(name)
        super().__setitem__(name, value)


def _check_name(name: object) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise jinja2.exceptions.SecurityError(
            f"a namespace cannot hold the name {name!r}: take one without an underscore"
        )


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    # Jinja's own filter escapes <, > and & for HTML, which a prompt must not.
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def _raise_exception(message: object) -> None:
    measure(message)
    raise jinja2.TemplateError(str(message))


def _strftime_now(pattern: str) -> str:
    bound(len(pattern) ** 2, "a date")  # some 500 times as long, at most
    return strftime(datetime.now(), pattern)
