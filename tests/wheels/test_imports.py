"""Every wheel imports in a real browser, and does the thing it is there for."""

from __future__ import annotations

import pytest

from tests.wheels.conftest import LOCK, wheel
from tests.wheels.interpreter import Interpreter


@pytest.mark.browser
@pytest.mark.parametrize("file", LOCK)
def test_a_wheel_imports_with_what_it_depends_on(bare: Interpreter, file: str) -> None:
    entry = LOCK[file]
    bare.load(*(wheel(name) for name in entry["depends"]), file)
    for name in entry["imports"]:
        assert bare.run(f"import {name}; {name}.__name__") == name


@pytest.mark.browser
def test_a_template_is_rendered_and_escaped(bare: Interpreter) -> None:
    bare.load(wheel("markupsafe"), wheel("jinja2"))
    render = "import jinja2; jinja2.Template('{{ x|e }} {{ y|tojson }}').render(x='<a>', y=[1])"
    assert bare.run(render) == "&lt;a&gt; [1]"


@pytest.mark.browser
def test_numpy_arrays_are_encoded(bare: Interpreter) -> None:
    bare.load(wheel("numpy"), wheel("tokenizers"))
    code = """
import numpy
from tokenizers import Tokenizer, models
tokenizer = Tokenizer(models.BPE())
tokenizer.add_tokens(["my", "name"])
[encoding.ids for encoding in tokenizer.encode_batch(numpy.array(["my", "name my"]))]
"""
    assert bare.run(code) == [[0], [1, 0]]
