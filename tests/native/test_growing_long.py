"""Templates that grow, the longer ones and drawn ones: CPython alone, since they take a while."""

import time

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intab.engine.text import template_budget as budget
from intab.engine.text.template_budget import MAX_SECONDS, MAX_SIZE
from intab.engine.text.template_sandbox import render_template
from intab.errors import ChatTemplateError
from tests.engine.text.test_template_limits import stopped

BIG = "{% set a = 'a' * 1999999 %}{% set b = 'b' * 1999999 %}{% set ns = namespace() %}"


@pytest.mark.parametrize(
    "expression",
    [
        "range(99999) | join('x' * 9999)",
        "('x' * 9999).join(range(99999) | map('string'))",
        "('x' * 9999).join(['a'] * 99999)",
        "('x' * 9999).join('a' * 99999)",
        "(['a'] * 99999) | reverse | join('x' * 9999)",
        "(range(9999) | map('string') | reverse | join('x' * 9999))",
        "a | list",
        "('a ' * 999999).split()",
        "('a,' * 999999).split(',')",
        "('a,' * 999999).rsplit(maxsplit=999999, sep=',')",
        "('a\n' * 999999).splitlines()",
        "('a ' * 999999) | wordcount",
        "dict.fromkeys(a)",
        "{}.fromkeys(a)",
        "''.maketrans(a, b)",
        "('\u0390' * 1999999).upper()",
        "(a ~ a) | escape ~ ('&' * 1999999) | escape",
        "('&' * 1999999) | escape",
        "('\U0001f600' * 999999).encode('unicode_escape')",
        "('\U0001f600' * 999999).encode('ascii', 'namereplace')",
        "('\x00' * 999999) | tojson",
        "a.encode().hex('x', 1)",
        "[a] * 9",
        "(a, a, a) | string",
        "[a, a, a] | tojson",
    ],
)
def test_lists_ranges_and_texts(expression: str) -> None:
    stopped(BIG + f"{{% set x = {expression} %}}{{{{ x }}}}")


@pytest.mark.parametrize(
    "expression",
    [
        "(a ~ b).strip(b ~ 'a')",
        "a.lstrip(b ~ 'a')",
        "a.rstrip(b ~ 'a')",
        "a | trim(b ~ 'a')",
        "a.rfind('b' ~ a[:999999])",
        "a.rindex('b' ~ a[:999999])",
        "a.rsplit('b' ~ a[:999999])",
        "a.rpartition('b' ~ a[:999999])",
        "a.encode().rfind(('b' ~ a[:999999]).encode())",
        "('<!---->' * 199999) | striptags",
        "(('<!---->' * 199999) | safe).striptags()",
        "('\u00e9' * 199999).encode('idna')",
        "('\u00e9' * 199999).encode('punycode')",
        "('\u00e9' * 199999).encode(encoding='punycode')",
        "a | wordwrap(1)",
        "('(' * 99999) | urlize",
    ],
)
def test_methods_that_take_the_square_of_their_length(expression: str) -> None:
    stopped(BIG + f"{{% set x = {expression} %}}{{{{ x | length }}}}")


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in range(99999) %}{% set x = a[1:] %}{% endfor %}",
        "{% for i in range(99999) %}{% if a == b %}{% endif %}{% endfor %}",
        "{% for i in range(99999) %}{{ a.find('c') }}{% endfor %}",
        "{% for i in range(99999) %}{% for j in range(99999) if false %}{% endfor %}{% endfor %}",
        "{% for i in range(99999) %}{{ a | length ~ a.count('c') }}{% endfor %}",
        "{% for i in range(99999) %}{% if 'c' in a %}{% endif %}{% endfor %}",
        "{% set l = range(99999) | list %}{% for i in range(99999) %}{{ l.count(5) }}{% endfor %}",
    ],
)
def test_steps_that_are_long_count_as_many(monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    """So that the steps end them where the clock does not."""
    monkeypatch.setattr(budget, "MAX_SECONDS", 1e9)
    monkeypatch.setattr(budget, "MAX_STEPS", 300_000)
    with pytest.raises(ChatTemplateError, match="more than 300,000 steps"):
        render_template(BIG + source, {})


def test_what_real_templates_do_is_far_from_the_limits() -> None:
    messages = [{"role": "user", "content": "word " * 2000, "tool_calls": []}] * 400
    source = (
        "{% for m in messages %}{% if 'tool_calls' in m and m.role in ['user', 'system'] %}"
        "{{ m.get('content').strip().split('</think>')[-1].rstrip('\n') }}{% endif %}"
        "{% for n in messages[loop.index0:] %}{% if n == m %}{% break %}{% endif %}{% endfor %}"
        "{{ m['content'][:5] }}{{ loop.changed(m.role) }}{{ ','.join(m.keys() | list) }}"
        "{{ m.content.rfind('</think>') }}{% endfor %}"
    )
    assert len(render_template(source, {"messages": messages[:300]})) > 2_900_000
    assert render_template("{{ range(3) | join(', ') }}", {}) == "0, 1, 2"
    assert render_template("{{ [1, 2] | reverse | list }}{{ (1, 2) | reverse | join }}", {}) == (
        "[2, 1]21"
    )


VALUES = st.sampled_from(
    [
        *("'ab'", "'a\nb c'", "'%s-%5d'", "'{0}{:>9}'", "3", "70", "100000", "2.5", "true", "none"),
        *("[1, 2]", "['a', 'b']", "('x', 1)", "{'a': 1}", "range(9)", "range(99999)", "messages"),
        *("ns", "ns.x", "ns.x", "ns.x", "ns.y", "dict(a=ns.x)", "namespace(a=ns.y)", "ns.x[1:]"),
    ]
)
METHODS = (
    *("center", "ljust", "zfill", "expandtabs", "join", "replace", "split", "rsplit", "format"),
    *("translate", "strip", "rfind", "count", "encode", "upper", "splitlines", "partition", "get"),
    *("items", "keys", "index", "copy", "fromkeys", "to_bytes", "hex", "maketrans", "title"),
)
FILTERS = (
    *("list", "join", "string", "tojson", "indent", "center", "replace", "reverse", "batch"),
    *("slice", "format", "wordwrap", "urlize", "escape", "sum", "sort", "unique", "map", "items"),
    *("trim", "striptags", "title", "pprint", "xmlattr", "dictsort", "round", "urlencode", "int"),
)
NAMED = ("width=", "d=", "new=", "old=", "indent=", "start=", "linecount=", "", "", "", "")


def _called(value: str, name: str, args: list[tuple[str, str]], bar: bool) -> str:
    given = ", ".join(sorted((n + a for n, a in args), key=lambda part: "=" in part))
    return f"(({value}) | {name}({given}))" if bar else f"(({value}).{name}({given}))"


ARGS = st.lists(st.tuples(st.sampled_from(NAMED), VALUES), max_size=2, unique_by=lambda p: p[0])
EXPRESSIONS = st.recursive(
    VALUES,
    lambda inner: st.one_of(
        st.builds(_called, inner, st.sampled_from(METHODS), ARGS, st.just(False)),
        st.builds(_called, inner, st.sampled_from(FILTERS), ARGS, st.just(True)),
        st.builds(
            "(({}) {} ({}))".format,
            inner,
            st.sampled_from(["+", "*", "~", "%", "**", "==", "in"]),
            inner,
        ),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("({}, {})".format, inner, inner),
        st.builds("{{{}: {}}}".format, inner, inner),
    ),
    max_leaves=4,
)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from("xy"), EXPRESSIONS), min_size=1, max_size=4))
def test_whatever_grows_ends(steps: list[tuple[str, str]]) -> None:
    """Each step may use what the one before it made, thirty times over."""
    body = "".join(f"{{% set ns.{name} = {value} %}}" for name, value in steps)
    source = "{% set ns = namespace(x='ab', y=[1]) %}{% for i in range(30) %}"
    source += body + "{% endfor %}{{ ns.x }}{{ ns.y }}"
    start = time.process_time()
    try:
        text = render_template(source, {"messages": [{"role": "user", "content": "Hi"}]})
        assert len(text) <= MAX_SIZE
    except (ChatTemplateError, jinja2.TemplateError, ArithmeticError, LookupError):
        pass
    except (TypeError, ValueError, AttributeError):
        pass
    assert time.process_time() - start < MAX_SECONDS + 2
