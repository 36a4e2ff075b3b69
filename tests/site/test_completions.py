"""What the editor completes is what the package has."""

from dataclasses import fields

import intab
from tools.site.completions import completions

MADE = completions()
OPTIONS = {entry["label"].rstrip("="): entry for entry in MADE["options"]}


def test_every_option_has_its_range_and_default() -> None:
    assert OPTIONS.keys() == {field.name for field in fields(intab.GenerationOptions)}
    assert OPTIONS["top_k"]["detail"] == "50"
    assert OPTIONS["min_p"]["info"].endswith("from 0 to 1.")
    assert OPTIONS["eta_cutoff"]["info"] == OPTIONS["epsilon_cutoff"]["info"]
    assert all(entry["info"] for entry in MADE["options"])


def test_every_public_name_is_there_with_its_words() -> None:
    names = {entry["label"]: entry for entry in MADE["intab"]}
    assert names.keys() == {name for name in intab.__all__ if name != "__version__"}
    assert names["show"]["detail"] == "(*values, rate)"
    assert names["load"]["info"].startswith("Load a model, or give back the one")
    assert "Args:" not in names["load"]["info"]


def test_models_have_their_methods() -> None:
    members = {entry["label"]: entry["detail"] for entry in MADE["members"]}
    assert members["stream"].startswith("(prompt")
    assert {"generate", "chat", "close"} <= members.keys()
