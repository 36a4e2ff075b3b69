"""Templates that would make or take far too much of little: each ends soon, by a limit."""

import time

import pytest

from intab.engine.text.template_arguments import method_arguments
from intab.engine.text.template_budget import MAX_SECONDS
from intab.engine.text.template_formats import percent_fields, widths
from intab.engine.text.template_sandbox import render_template
from intab.errors import ChatTemplateError

# Two lists whose items are the same, twice each, sixty levels deep; and a tuple that hashes so.
LISTS = (
    "{% set ns = namespace(a=[], b=[], t=()) %}{% for i in range(60) %}"
    "{% set ns.a = [ns.a, ns.a] %}{% set ns.b = [ns.b, ns.b] %}{% endfor %}"
)
TUPLE = (
    "{% macro twice() %}{% set ns.t = varargs %}{% endmacro %}{% set ns = namespace(t=()) %}"
    "{% for i in range(60) %}{% set x = twice(ns.t, ns.t) %}{% endfor %}"
)
STOPPED = "was stopped: "


def stopped(source: str) -> None:
    """It ends by a limit, in the time that is promised."""
    start = time.process_time()
    with pytest.raises(ChatTemplateError, match=STOPPED):
        render_template(source, {"messages": [{"role": "user", "content": "Hello"}]})
    assert time.process_time() - start < MAX_SECONDS + 2


@pytest.mark.parametrize(
    "expression",
    [
        "'a\nb' | indent(first=true, width=10**9)",
        "'a\nb' | indent(blank=true, first=true, width='x' * 3999999)",
        "[1] | batch(fill_with='x', linecount=10**9) | list",
        "[1] | slice(fill_with='x', slices=10**9) | list",
        "'a' | center(width=10**9)",
        "1.5 | round(method='common', precision=10**9)",
        "('a' * 9999) | replace(new='b' * 9999, old='a')",
        "range(99999) | join(attribute='x', d='y' * 9999)",
        "(1).to_bytes(byteorder='big', length=10**9)",
        "'x'.encode(errors='strict', encoding='punycode') * 10**9",
        "[[1]] | tojson(sort_keys=true, indent=10**10)",
        "([[1]] * 9999) | sum(start=[], attribute='0')",
        "('%(a)s' * 9999) | format(a='x' * 9999)",
        "'%(a(b))1000000000d' % {'a(b)': 1}",
        "'%%%1000000000d' % 1",
        "'%s %1000000000d' % (1, 1)",
        "'{:000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "000000000000000000000000000001000000000d}'.format(1)",
        "('{0}' * 9999).format('x' * 9999)",
        "('{a}' * 9999).format_map({'a': 'x' * 9999})",
        "('a ' * 9999) | wordwrap(1, wrapstring='x' * 999999)",
        "('http://a.b ' * 999) | urlize(target='x' * 999999)",
        "('http://a.b ' * 999) | urlize(rel='x' * 999999, nofollow=true)",
    ],
)
def test_keywords_in_any_order(expression: str) -> None:
    stopped(f"{{% set x = {expression} %}}{{{{ x }}}}")


@pytest.mark.parametrize(
    "source",
    [
        LISTS + "{% for x in [1, 2] %}{{ loop.changed(ns.a if x == 1 else ns.b) }}{% endfor %}",
        LISTS + "{{ ns.b in ([ns.a] | reverse) }}",
        LISTS + "{{ [ns.a] | map('list') | select('eq', ns.b) | list }}",
        LISTS + "{{ {'x': ns.a} == {'x': ns.b} }}",
        LISTS + "{{ dict(a=ns.a) == dict(a=ns.b) }}",
        TUPLE + "{{ {ns.t: 1} | length }}",
        TUPLE + "{{ {1: 1}[ns.t] }}",
        TUPLE + "{{ {1: 1}.get(ns.t) }}",
        TUPLE + "{{ ns.t in {1: 1} }}",
        TUPLE + "{{ dict.fromkeys([ns.t]) | length }}",
        TUPLE + "{{ dict([[ns.t, 1]]) | length }}",
        TUPLE + "{{ [ns.t, ns.t] | unique | list | length }}",
        "{% set ns = namespace() %}{% set ns.a = ns %}{% set ns.b = ns %}{{ ns }}",
        "{% set ns = namespace(d={}) %}{% for i in range(60) %}"
        "{% set ns.d = dict(a=ns.d, b=ns.d) %}{% endfor %}{{ ns.d }}",
        "{% set ns = namespace(d=namespace()) %}{% for i in range(60) %}"
        "{% set ns.d = namespace(a=ns.d, b=ns.d) %}{% endfor %}{{ ns.d }}",
        "{% set x = ['a' * 1999999] * 999 %}{{ 'b' in x }}",
    ],
)
def test_what_is_compared_hashed_or_looked_at(source: str) -> None:
    stopped(source)


def test_arguments_in_the_order_of_their_parameters() -> None:
    assert method_arguments("replace", ["a"], {"count": 1, "new": "b"}) == ["a", "b", 1]
    assert method_arguments("center", [5], {}) == [5]
    assert method_arguments("center", [], {"other": 5}) == [5]


def test_widths_as_python_reads_them() -> None:
    assert percent_fields("%5d %s %(a(b))*d %% %-07.3f %") == [5, 0, None, 0, 0, 10, 0]
    assert percent_fields("%(open") == [0]
    assert widths(">0000000000000000000000012.3") == [12, 3]
