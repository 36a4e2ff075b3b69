"""Every public name stands in the API reference, with what it returns and the errors it raises."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from types import ModuleType
from typing import Any, get_type_hints

import pytest

import intab
from intab import errors
from intab.errors import IntabError, LoadError, PromptError, RunError
from tests.repo.raising import Function, plain, raised
from tools import reference

PAGES = {page.__name__: page for page in reference.pages()}
SECTION = re.compile(r"^(Args|Returns|Yields|Raises):\n((?:[ ]{4}.*\n?|\n)+)", re.MULTILINE)


def callables(page: ModuleType) -> Iterator[tuple[str, object, type | None]]:
    """Functions, and methods and properties of the classes; not what Python itself defines."""
    for name in vars(page)["__all__"]:
        value = getattr(page, name)
        if inspect.isfunction(value):
            yield name, value, None
        for attribute, member in vars(value).items() if inspect.isclass(value) else ():
            if not attribute.startswith("_") and plain(member):
                yield f"{name}.{attribute}", member, value


EVERY = [found for page in PAGES.values() for found in callables(page)]
each = pytest.mark.parametrize(
    ("member", "owner"), [found[1:] for found in EVERY], ids=[found[0] for found in EVERY]
)


def sections(function: Function) -> dict[str, str]:
    return dict(SECTION.findall((inspect.getdoc(function) or "") + "\n"))


def lacking(function: Function, owner: type | None, *, is_property: bool = False) -> list[str]:
    """What the docstring of a public function does not say."""
    found = sections(function)
    lacks = [] if inspect.getdoc(function) else ["a docstring"]
    gives = get_type_hints(function).get("return", type(None)) is not type(None)
    if gives and not is_property and not {"Returns", "Yields"} & found.keys():
        lacks.append("Returns or Yields")
    named = set(re.findall(r"\w+Error", found.get("Raises", "")))
    lacks += [f"Raises {name}, which is no error of ours" for name in named - vars(errors).keys()]
    for error in sorted(raised(function, owner), key=lambda error: error.__name__):
        parents = {parent.__name__ for parent in error.__mro__} - {"IntabError"}
        if not parents & named:
            lacks.append(f"Raises {error.__name__}")
    return lacks


def test_every_public_name_stands_in_the_reference() -> None:
    assert vars(PAGES["intab"])["__all__"] == intab.__all__
    classes = {name for name in dir(errors) if name.endswith("Error")}
    assert set(vars(PAGES["intab.errors"])["__all__"]) == classes
    assert {"Storage", "StoredModel"} <= set(vars(PAGES["intab.storage"])["__all__"])
    names = {name for name, _, _ in EVERY}
    assert {"load", "Model.stream", "Chat.send", "Storage.list", "Tokenizer.encode"} <= names


@pytest.mark.parametrize("module", PAGES.values(), ids=PAGES)
def test_every_page_and_class_is_described(module: ModuleType) -> None:
    assert module.__doc__
    for name in vars(module)["__all__"]:
        value = getattr(module, name)
        assert not inspect.isclass(value) or "__doc__" in vars(value), name
        assert not inspect.isclass(value) or not str(value.__doc__).startswith(f"{name}("), name


@each
def test_a_public_name_says_what_it_returns_and_raises(member: object, owner: type | None) -> None:
    function = plain(member)
    assert function
    assert lacking(function, owner, is_property=isinstance(member, property)) == []


DATA = [
    value
    for page in PAGES.values()
    for value in vars(page).values()
    if inspect.isclass(value) and is_dataclass(value)
]


@pytest.mark.parametrize("value", DATA, ids=lambda value: value.__name__)
def test_every_field_is_described(value: Any) -> None:
    """Units and shapes stand there, and what None means."""
    described = re.findall(r"^ {4}(\w+(?:, \w+)*):", inspect.getdoc(value) or "", re.MULTILINE)
    assert {name for line in described for name in line.split(", ")} == {
        field.name for field in fields(value)
    }


@each
def test_arguments_that_are_described_are_there(member: object, owner: type | None) -> None:
    function = plain(member)
    assert function
    names: set[str] = set()
    for line in sections(function).get("Args", "").splitlines():
        if found := re.match(r" {4}(\w+(?:, \w+)*):", line):
            names |= set(found[1].split(", "))
    assert names <= set(inspect.signature(function).parameters)


class Example:
    failures = 0

    def silent(self) -> int:
        raise LoadError

    def told(self) -> int:
        """Load.

        Returns:
            A number.

        Raises:
            LoadError: always.
        """
        return self.silent()

    def caught(self) -> None:
        """Load, or not."""
        try:
            self.silent()
        except IntabError:
            return

    def again(self) -> None:
        """Load, and count failures."""
        try:
            self.silent()
        except LoadError:
            self.failures += 1
            raise

    def wrong(self) -> None:
        """Say an error that nobody has.

        Raises:
            LodeError: never.
        """

    def kind(self) -> None:
        """Refuse a prompt; a parent's name will do.

        Raises:
            PromptError: always.
        """
        raise errors.EmptyPromptError("...")

    def made(self) -> None:
        """Refuse with an error that a function makes."""
        raise make_error()


def make_error() -> RunError:
    return RunError()


# The search follows intab's own functions; these are none.
@pytest.fixture
def examples_are_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for function in (*vars(Example).values(), make_error):
        if inspect.isfunction(function):
            monkeypatch.setattr(function, "__module__", "intab.example")


@pytest.mark.usefixtures("examples_are_ours")
@pytest.mark.parametrize(
    ("function", "lacks"),
    [
        (Example.silent, ["a docstring", "Returns or Yields", "Raises LoadError"]),
        (Example.told, []),
        (Example.caught, []),
        (Example.again, ["Raises LoadError"]),
        (Example.wrong, ["Raises LodeError, which is no error of ours"]),
        (Example.kind, []),
        (Example.made, ["Raises RunError"]),
    ],
)
def test_what_a_docstring_lacks_is_found(function: Any, lacks: list[str]) -> None:
    assert lacking(function, Example) == lacks


def test_errors_are_found_through_classes_and_other_modules() -> None:
    found = raised(intab.Model.stream, intab.Model)
    assert {PromptError, errors.OptionError, errors.ModelClosedError} <= found
