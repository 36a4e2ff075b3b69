"""The API reference in build/docs, from the docstrings: `python -m tools.reference [TARGET]`.

A page has names that a program can reach from `intab`: those of `intab.__all__`, the errors, and
the classes of what is no class there: `intab.storage` and a model's tokenizer. `pages` needs only
the package, so tests use it. pdoc (the extra `docs`) writes the HTML, which loads nothing from
elsewhere.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import ModuleType

import intab

ROOT = Path(__file__).resolve().parents[1]


def pages() -> list[ModuleType]:
    """One module a page, with `__all__` and a docstring; most are made up for this."""
    stored = sys.modules[type(intab.storage).__module__]
    loaded = sys.modules[intab.Model.__module__]
    tokenizer = sys.modules[vars(loaded)["Tokenizer"].__module__]
    return [
        page("intab", intab, intab.__all__),
        page("intab.errors", intab.errors, _classes_of(intab.errors)),
        page("intab.storage", stored, _classes_of(stored)),
        page("intab.tokenizer", tokenizer, ["Tokenizer"]),
    ]


def page(name: str, source: ModuleType, names: list[str]) -> ModuleType:
    """A module of that name with these names of another one."""
    made = ModuleType(name, source.__doc__)
    vars(made).update({each: getattr(source, each) for each in names})
    vars(made).update({"__all__": names, "__file__": source.__file__})
    return made


def _classes_of(module: ModuleType) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__ and name[0] != "_"
    ]


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
