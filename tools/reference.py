"""The API reference in build/docs, from the docstrings: `python -m tools.reference [TARGET]`.

A page has names that a program can reach from `intab`: those of `intab.__all__`, the errors, and
the classes of what is no class there: `intab.storage` and a model's tokenizer. `pages` needs only
the package, so tests use it. pdoc (the extra `docs`) writes the HTML, which loads nothing from
elsewhere.
"""

from __future__ import annotations

import shutil
import sys
from inspect import isfunction
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_type_hints

import intab
from intab.engine.text.tokenizer import Tokenizer

ROOT = Path(__file__).resolve().parents[1]


def pages() -> list[ModuleType]:
    """One module a page, with `__all__` and a docstring; they are made up for this."""
    storage = type(intab.storage)
    return [
        page("intab", intab, {name: getattr(intab, name) for name in intab.__all__}),
        page("intab.errors", intab.errors, _errors()),
        page("intab.storage", sys.modules[storage.__module__], _with_results(storage)),
        page("intab.tokenizer", sys.modules[Tokenizer.__module__], {"Tokenizer": Tokenizer}),
    ]


def page(name: str, source: ModuleType, members: dict[str, Any]) -> ModuleType:
    """A module with the docstring of another one, and these members."""
    made = ModuleType(name, source.__doc__)
    vars(made).update({**members, "__all__": list(members), "__file__": source.__file__})
    return made


def _errors() -> dict[str, Any]:
    found = vars(intab.errors).items()
    return {name: value for name, value in found if isinstance(value, type)}


def _with_results(owner: type) -> dict[str, Any]:
    """A class and the classes of intab that its methods return, or that those have as fields."""
    found: dict[str, Any] = {}
    waiting: list[Any] = [owner]
    while waiting:
        each = waiting.pop(0)
        waiting += get_args(each)
        if (
            isinstance(each, type)
            and each.__module__.startswith("intab")
            and each.__name__ not in found
        ):
            found[each.__name__] = each
            waiting += get_type_hints(each).values()
            waiting += map(_returned, vars(each).values())
    return found


def _returned(member: object) -> Any:
    public = isfunction(member) and not member.__name__.startswith("_")
    return get_type_hints(member).get("return") if public else None


def write(target: Path) -> None:
    """Fill `target`, which becomes a folder with nothing else in it."""
    from pdoc import doc, render

    render.configure(docformat="google", show_source=False, footer_text=f"{intab.__version__}")
    modules = {made.__name__: doc.Module(made) for made in pages()}
    shutil.rmtree(target, ignore_errors=True)
    for name, module in modules.items():
        file = target / f"{name.replace('.', '/')}.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(render.html_module(module, modules), encoding="utf-8")
    (target / "index.html").write_text(render.html_index(modules), encoding="utf-8")
    (target / "search.js").write_text(render.search_index(modules), encoding="utf-8")


def main(arguments: list[str]) -> int:
    target = Path(arguments[0]).resolve() if arguments else ROOT / "build" / "docs"
    write(target)
    print(f"The reference is in {target / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
