"""A model's name becomes the address of its folder."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intab.engine.hub.locate import locate
from intab.errors import ModelNotFoundError, OptionError
from tests.engine.support.junk import tried


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
        (".", "./"),
        ("..", "../"),
        ("HTTPS://host/a", "https://host/a/"),
        (r".\mine", "./mine/"),
        (r"..\a\b", "../a/b/"),
        (r"mine\a", "./mine/a/"),
        (r"~\mine", "~/mine/"),
        (r"C:\models\mine", "C:/models/mine/"),
        ("D:/models/mine", "D:/models/mine/"),
        (r"\\server\share\mine", "//server/share/mine/"),
        ("./50% of#it?", "./50% of#it?/"),
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


CREDENTIALS = [
    "https://me:secret@host/m/", "http://secret@host/m", "HTTPS://me:secret@host",
    "//me:secret@host/m", "https:\\\\me:secret@host\\m", "https:/me:secret@host/m",
    "https:me:secret@host", "ftp://me:secret@host/", "https:////me:secret@host/m",
    " https://me:secret@host", "https://:secret@host", "https://me:se@cret@host",
]  # fmt: skip


@pytest.mark.parametrize("address", CREDENTIALS)
def test_credentials_in_an_address_are_refused_and_not_shown(address: str) -> None:
    for spec, endpoint in ((address, "https://hub"), ("org/name", address)):
        with pytest.raises(OptionError, match=r"name and password in .* are refused") as caught:
            locate(spec, "models", endpoint)
        assert "cret" not in str(caught.value)
        assert "host" not in str(caught.value)


@pytest.mark.parametrize(
    "spec", ["https://host/me@x/", "./me@x", "/srv/a@b", "disk:me@x", "org/name@v1"]
)
def test_an_at_sign_elsewhere_is_none(spec: str) -> None:
    assert locate(spec, "models", "https://hub").name == spec


@pytest.mark.parametrize("spec", ["", "a b", "a/b/c", "-x", "org/name@"])
def test_what_is_no_name_says_what_is(spec: str) -> None:
    with pytest.raises(ModelNotFoundError, match="org/name"):
        locate(spec, "models")


@pytest.mark.parametrize(
    ("spec", "base", "subfolder", "graph"),
    [
        ("./m/model.onnx", "./m/", "", "model.onnx"),
        ("./m/onnx/model_q4.onnx", "./m/", "onnx", "onnx/model_q4.onnx"),
        ("./m/onnx", "./m/", "onnx", ""),
        ("./model.onnx", "./", "", "model.onnx"),
        ("/model.ONNX", "/", "", "model.ONNX"),
        ("/onnx", "/onnx/", "", ""),
        ("https://onnx/", "https://onnx/", "", ""),
        ("https://host/m%20n/onnx/a%20b.onnx", "https://host/m%20n/", "onnx", "onnx/a b.onnx"),
        ("disk:m%/a%20b.onnx", "disk:m%/", "", "a%20b.onnx"),
        (r"C:\m\onnx\model.onnx", "C:/m/", "onnx", "onnx/model.onnx"),
        ("disk:onnx", "disk:onnx/", "", ""),
    ],
)
def test_a_folder_or_a_graph_in_a_folder(spec: str, base: str, subfolder: str, graph: str) -> None:
    found = locate(spec, "models")
    assert (found.base, found.subfolder, found.graph) == (base, subfolder, graph)
    below = locate(spec, "models", subfolder="a\\b/")
    assert below.subfolder == f"{subfolder}/a/b".lstrip("/")
    assert below.address.endswith("/a/b/")


COMMIT = "c" * 40


@pytest.mark.parametrize("start", ["https://huggingface.co/", "http://hf.co/", "huggingface.co/"])
@pytest.mark.parametrize(
    ("path", "name", "revision", "subfolder", "graph"),
    [
        ("org/name", "org/name", "main", "", ""),
        ("org/name/?library=x#usage", "org/name", "main", "", ""),
        ("gpt2", "gpt2", "main", "", ""),
        ("gpt2/tree/v1/onnx", "gpt2", "v1", "onnx", ""),
        ("org/name/tree/main", "org/name", "main", "", ""),
        ("org/name/tree/main/", "org/name", "main", "", ""),
        ("org/name/tree/refs%2Fpr%2F3/cpu%20a/b", "org/name", "refs/pr/3", "cpu a/b", ""),
        ("org/name/tree/refs/pr/3/cpu", "org/name", "refs/pr/3", "cpu", ""),
        ("org/name/tree/main/phi-3.5", "org/name", "main", "phi-3.5", ""),
        ("org/name/blob/main/onnx/model.onnx", "org/name", "main", "onnx", "onnx/model.onnx"),
        (f"org/name/resolve/{COMMIT}/m.onnx?download=true", "org/name", COMMIT, "", "m.onnx"),
        ("org/name/blob/main/onnx/model.onnx_data", "org/name", "main", "onnx", ""),
        ("org/name/raw/main/cpu/config.json", "org/name", "main", "cpu", ""),
        ("org/name/commit/abc", "org/name", "abc", "", ""),
        ("org/name/discussions/3", "org/name", "main", "", ""),
        ("api/models/org/name", "org/name", "main", "", ""),
    ],
)
def test_a_hub_s_pages(
    start: str, path: str, name: str, revision: str, subfolder: str, graph: str
) -> None:
    found = locate(start + path, "models", "https://mirror", token="hf_x")
    assert (found.name, found.revision) == (name, revision)
    assert (found.subfolder, found.graph) == (subfolder, graph)
    assert found.base == f"https://mirror/{name}/resolve/{revision.replace('/', '%2F')}/"
    assert found.at(COMMIT).subfolder == subfolder


def test_more_addresses_of_a_hub() -> None:
    found = locate("hf://org/name@v1/cpu/m", "models")
    assert (found.name, found.revision, found.subfolder) == ("org/name", "v1", "cpu/m")
    mine = "https://my.hub"
    assert locate(f"{mine}/org/name/blob/main/a.onnx", "models", mine).repository
    assert locate(f"{mine}/folder/of/mine", "models", mine).repository is None
    assert locate(f"{mine}/org/name", "models", mine).repository is None


@pytest.mark.parametrize("path", ["", "models", "datasets/org/name", "spaces/org/name", "docs/x"])
def test_a_hub_s_pages_that_are_of_no_model(path: str) -> None:
    with pytest.raises(ModelNotFoundError, match="no model's page"):
        locate(f"https://huggingface.co/{path}", "models")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("s3://bucket/m", "begins with s3:"),
        ("https://host/m?download=true", r"after \? or #"),
        ("https://host/m#files", r"after \? or #"),
        ("./model.gguf", "convert it with `intab convert FILE.gguf --out NEW`"),
        ("org/name/model.gguf", "convert it with `intab convert FILE.gguf --out NEW`"),
        ("model.gguf", "convert it with `intab convert FILE.gguf --out NEW`"),
        ("https://host/model.safetensors", "intab convert"),
        ("./name.tar", "import_"),
        ("./m/config.json", "name its folder"),
        ("./m.zip", "unpack"),
        ("./a\0b", "characters"),
        ("https://host/caf\udce9", "characters"),
        ("https://huggingface.co/org/name/tree/a%20b", "revision"),
    ],
)
def test_addresses_that_are_of_no_folder(spec: str, says: str) -> None:
    with pytest.raises(ModelNotFoundError, match=says) as caught:
        locate(spec, "models")
    str(caught.value).encode()


@pytest.mark.parametrize("spec", [r"C:\models\x", "D:/x", "file:///srv/x", "~/x"])
def test_a_page_may_not_read_the_computer_s_paths(spec: str) -> None:
    with pytest.raises(ModelNotFoundError, match="disk:NAME"):
        locate(spec, "models", page="https://host/")


def test_in_a_page_windows_slashes_are_slashes() -> None:
    assert locate(r".\mine", "models", page="https://host/a/").base == "https://host/a/mine/"
    assert locate(".", "models", page="https://host/a/b").base == "https://host/a/"


@pytest.mark.parametrize("spec", [None, 7, b"default", ["default"]])
def test_a_model_is_named_by_a_text(spec: Any) -> None:
    with pytest.raises(OptionError, match=f"not by {type(spec).__name__}"):
        locate(spec, "models")


@pytest.mark.parametrize("subfolder", ["..", "a/../..", "/a", "C:\\a", "a\nb", 7])
def test_a_subfolder_is_in_the_folder(subfolder: Any) -> None:
    with pytest.raises(OptionError, match="subfolder="):
        locate("org/name", "models", subfolder=subfolder)


@given(st.text(max_size=30))
@tried(300)
def test_any_text_is_a_place_or_an_error(text: str) -> None:
    try:
        found = locate(text, "models")
    except ModelNotFoundError as exc:
        str(exc).encode()
    else:
        assert found.base.endswith("/")
        assert ".." not in found.subfolder.split("/")
