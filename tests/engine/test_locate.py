"""A model's name becomes the address of its folder."""

import pytest

from intab.engine.locate import locate
from intab.errors import ModelNotFoundError, OptionError


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


def test_hub_ids_have_addresses_of_their_own() -> None:
    location = locate("org/name@a/b", "models", "https://hub")
    assert location.file("onnx/a b.onnx") == "https://hub/org/name/resolve/a%2Fb/onnx/a%20b.onnx"
    assert location.at("c" * 40).base == f"https://hub/org/name/resolve/{'c' * 40}/"
    assert (location.at(""), location.revision) == (location, "a/b")
    repository = location.repository
    assert repository is not None
    assert repository.listing("x") == "https://hub/api/models/org/name/tree/x?recursive=true"
    assert repository.description == "https://hub/api/models/org/name/revision/a%2Fb"


@pytest.mark.parametrize(
    ("spec", "base"),
    [
        ("./mine", "https://host/blog/mine/"),
        ("../mine/", "https://host/mine/"),
        ("/mine", "https://host/mine/"),
        ("//other/mine", "https://other/mine/"),
        ("https://other/a", "https://other/a/"),
        ("disk:My model", "disk:My model/"),
        ("a/b", "https://huggingface.co/a/b/resolve/main/"),
    ],
)
def test_in_a_page_what_is_relative_is_so_to_the_page(spec: str, base: str) -> None:
    assert locate(spec, "https://site/models/", page="https://host/blog/post.html").base == base


def test_a_page_whose_address_is_not_known() -> None:
    with pytest.raises(ModelNotFoundError, match="give the whole address"):
        locate("./mine", "models", page=None)
    assert locate("disk:mine", "models", page=None).base == "disk:mine/"


def test_a_token_is_never_shown() -> None:
    location = locate("org/name", "models", token=" hf_secret\n")
    assert location.repository is not None
    assert location.repository.token.startswith("hf_")
    assert location.repository.token.endswith("secret")
    assert "secret" not in repr(location)
    with pytest.raises(OptionError, match="copy it once more") as caught:
        locate("org/name", "models", token="hf_sécret")
    assert "cret" not in str(caught.value)


def test_a_hub_has_an_address() -> None:
    with pytest.raises(OptionError, match="not none"):
        locate("org/name", "models", ())


@pytest.mark.parametrize("spec", ["", "a b", "a/b/c", "-x", "org/name@"])
def test_what_is_no_name_says_what_is(spec: str) -> None:
    with pytest.raises(ModelNotFoundError, match="org/name"):
        locate(spec, "models")
