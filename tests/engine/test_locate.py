"""A model's name becomes the address of its folder."""

import pytest

from intab.engine.locate import locate
from intab.errors import ModelNotFoundError


@pytest.mark.parametrize(
    ("spec", "base"),
    [
        ("default", "https://site/models/default/"),
        ("my-model_2.1", "https://site/models/my-model_2.1/"),
        ("./mine", "./mine/"),
        ("../mine/", "../mine/"),
        ("/srv/mine", "/srv/mine/"),
        ("~/mine", "~/mine/"),
        ("https://host/a/b", "https://host/a/b/"),
        ("file:///srv/mine", "file:///srv/mine/"),
        ("org/name", "https://hub/org/name/resolve/main/"),
        ("org/name@v1.0", "https://hub/org/name/resolve/v1.0/"),
        ("org/name@refs/pr/3", "https://hub/org/name/resolve/refs%2Fpr%2F3/"),
    ],
)
def test_spellings(spec: str, base: str) -> None:
    assert locate(spec, "https://site/models/", "https://hub/").base == base


def test_hub_ids_have_a_listing() -> None:
    location = locate("org/name@abc", "models", "https://hub")
    assert location.listing == "https://hub/api/models/org/name/tree/abc?recursive=true"
    assert location.file("onnx/a b.onnx") == "https://hub/org/name/resolve/abc/onnx/a%20b.onnx"


@pytest.mark.parametrize("spec", ["", "a b", "a/b/c", "-x", "org/name@"])
def test_what_is_no_name_says_what_is(spec: str) -> None:
    with pytest.raises(ModelNotFoundError, match="org/name"):
        locate(spec, "models")
