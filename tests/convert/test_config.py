"""A config.json is read as transformers' class reads it; whatever is wrong is a ConvertError."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intab.convert import rotary
from intab.convert.checkpoint import Checkpoint
from intab.convert.config import KINDS, MORE, UNREAD, all_keys, keys_of, read_config, table
from intab.convert.decoder import decoder
from intab.convert.encoders.settings import read_settings
from intab.convert.families import read_whole
from intab.convert.forms import FORMS
from intab.convert.keys import REFUSED, without_effect
from intab.errors import ConvertError
from tests.convert import tiny
from tests.convert.refusing import change, refused
from tests.convert.variant import FULL, SIZES, SLIDING, Variant
from tests.convert.variants import all_variants

VARIANTS = all_variants()


def read(kind: str, **changes: Any) -> Any:
    return read_config(Variant(kind, changes).config())


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_a_class_is_judged(kind: str) -> None:
    """Read by a family's architecture or reader, refused, or without effect for a reason."""
    source = "".join(
        path.read_text()
        for path in Path(tiny.__file__).parents[2].glob("app/intab/convert/**/*.py")
    )
    for name in table()[kind]["fields"]:
        known = without_effect(name) or name in REFUSED or name in UNREAD.get(kind, ())
        assert known or f'"{name}"' in source, name
    assert all(f'"{name}"' in source for name in MORE[kind])


def test_a_key_that_is_left_out_has_the_default_of_its_class() -> None:
    config = read_config({"model_type": "gemma2"})
    assert config.number("query_pre_attn_scalar") == 256
    assert config.number_or_none("attn_logit_softcapping") == 50
    assert config.number_or_none("final_logit_softcapping") == 30
    assert read_config({"model_type": "mistral"}).size("sliding_window") == 4096
    assert read_config({"model_type": "phi3"}).epsilon("rms_norm_eps") == 1e-5
    tied = {kind: read_config({"model_type": kind}).flag("tie_word_embeddings") for kind in KINDS}
    assert {kind for kind in tied if tied[kind]} == {
        "smollm3",
        "gemma",
        "gemma2",
        "gemma3_text",
        "gpt2",
    }


def test_other_names_of_a_key_are_read_and_count_more() -> None:
    config = read_config({"model_type": "gpt2", "n_layer": 7, "num_hidden_layers": 2})
    assert config.size("n_layer") == 2


def test_a_key_without_an_effect_is_told() -> None:
    assert read("llama", sliding_window=4).notes == (
        "sliding_window of config.json has no effect: transformers' llama ignores it",
    )
    assert read("llama", sliding_window=None, attention_dropout=0.3).notes == ()
    assert read("gemma3_text", attn_logit_softcapping=5.0).notes[0].startswith("attn_logit_soft")


def test_what_published_checkpoints_say_for_nothing_is_told() -> None:
    phi = read("phi3", full_attn_mod=1, interpolate_factor=1).notes
    assert [note.split()[0] for note in phi] == ["full_attn_mod", "interpolate_factor"]
    assert read("gemma2", sliding_window_size=4096).notes[0].startswith("sliding_window_size of")
    named = read_settings({"model_type": "roberta", "language": "english", "name": "Roberta"})
    assert [note.split()[0] for note in named.notes] == ["language", "name"]


def test_a_key_that_no_family_knows_is_refused_unless_it_is_named() -> None:
    config = Variant("llama", {"logit_scale": 2.0, "mtp_depth": 1}).config()
    with pytest.raises(ConvertError, match=r"not known for llama: 'logit_scale', 'mtp_depth'\. If"):
        read_config(config)
    notes = read_config(config, ("logit_scale", "mtp_depth")).notes
    assert [note.split()[0] for note in notes] == ["logit_scale", "mtp_depth"]
    assert read("llama", logit_scale=None, use_qk_norm=False, mtp={}).notes == ()
    with pytest.raises(ConvertError, match="not known for llama: 'zero'"):
        read("llama", zero=0)


def test_a_key_is_refused_and_not_ignored_where_it_changes_who_sees_what() -> None:
    config = Variant("gemma3_text", {"use_bidirectional_attention": True}).config()
    with pytest.raises(ConvertError, match="tokens see those that follow, as in EmbeddingGemma"):
        read_config(config, ("use_bidirectional_attention",))


@pytest.mark.parametrize("name", [name for name, one in VARIANTS.items() if one.refused])
def test_what_no_graph_computes_is_refused(tmp_path: Path, name: str) -> None:
    variant = VARIANTS[name]
    checkpoint = Checkpoint(tiny.write_checkpoint(tmp_path / "it", variant.kind))
    checkpoint.config = variant.config()
    with pytest.raises(ConvertError) as caught:
        read_whole(checkpoint)
    assert "tensor" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"hidden_size": "64"},
            "hidden_size in config.json must be a whole number from 1 to 2,147",
        ),
        ({"num_hidden_layers": 10**9}, "num_hidden_layers in config.json must be a whole number"),
        ({"num_hidden_layers": True}, "from 1 to 10,000, not true"),
        ({"rms_norm_eps": -1}, "rms_norm_eps in config.json must not be negative"),
        ({"rms_norm_eps": float("nan")}, "rms_norm_eps in config.json must be a number"),
        ({"hidden_act": ["silu"]}, "hidden_act in config.json must be a text"),
        ({"tie_word_embeddings": 1}, "tie_word_embeddings in config.json must be true or false"),
        (
            {"layer_types": "all"},
            "layer_types in config.json must be a list with an entry for each",
        ),
        ({"rope_parameters": 7}, "rope_parameters in config.json must be an object, not 7"),
        ({"rope_theta": 0}, "rope_parameters.rope_theta in config.json must be a number above 0"),
        ({"rope_scaling": {"type": 5}}, "The rotary scaling 5 is not known for llama"),
        ({"rope_scaling": {"type": "linear"}}, "rope_parameters.factor in config.json must be"),
        ({"rope_scaling": {"type": "yarn", "speed": 3}}, "keys that are not known for this family"),
        (
            {"rope_scaling": {"type": "yarn", "factor": 2}, "rope_theta": 1},
            "give no finite numbers",
        ),
        ({"partial_rotary_factor": 2}, "partial_rotary_factor in config.json must be from 0 to 1"),
        ({"architectures": 5}, "architectures in config.json must be names, not 5"),
        ({"architectures": ["MistralForCausalLM"]}, "or is no llama: its architecture is Mistral"),
        ({"model_type": ["llama"]}, "The architecture ['llama'] cannot be converted"),
        ({"model_type": "gemma3"}, "text_config in config.json must be an object, not null"),
        ({"quantization": {"bits": 4}}, "is quantized already"),
    ],
)
def test_a_value_of_a_wrong_kind_is_named(
    checkpoint: Path, changes: dict[str, Any], said: str
) -> None:
    change(checkpoint, **changes)
    assert said in refused(checkpoint)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"[1]", "must hold a JSON object, not list"),
        (b"{", "config.json is not valid JSON"),
        (b'{"a": "\xff"}', "cannot be read"),
        (b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}", "config.json"),
    ],
)
def test_a_config_that_is_no_config_is_refused(checkpoint: Path, text: bytes, said: str) -> None:
    (checkpoint / "config.json").write_bytes(text)
    assert said in refused(checkpoint)


def test_a_mark_before_the_text_is_nothing_to_us(checkpoint: Path) -> None:
    path = checkpoint / "config.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert Checkpoint(checkpoint).config["model_type"] == "llama"


def test_a_text_model_in_a_larger_one_is_read() -> None:
    inner = {**SIZES, "model_type": "gemma3_text", "head_dim": 16, "final_logit_softcapping": 3.0}
    raw = {"model_type": "gemma3", "text_config": inner, "vision_config": {"a": 1}}
    config = read_config({**raw, "mm_tokens_per_image": 4})
    assert (config.kind, config.outer, config.size("hidden_size")) == ("gemma3_text", "gemma3", 32)
    assert config.flag("tie_word_embeddings")
    with pytest.raises(ConvertError, match="not known for gemma3: 'strange'"):
        read_config({**raw, "strange": 1})


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Checkpoint]:
    folder = tmp_path_factory.mktemp("checkpoints")
    return {kind: Checkpoint(tiny.write_checkpoint(folder / kind, kind)) for kind in KINDS}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 40)
    | st.sampled_from([2**31, 2**63, 10**400, -1, 1e308, 1e-308, float("inf"), float("nan")])
    | st.floats(-2, 2)
    | st.sampled_from(["", "silu", "default", "linear", "yarn", "llama3", FULL, SLIDING, "\udcff"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["rope_type", "factor", FULL, SLIDING, "x"]), inner)
    ),
    max_leaves=5,
)
ROPE_KEYS = sorted(rotary.KEYS)
TYPES = st.sampled_from(["linear", "dynamic", "llama3", "yarn", "longrope", "proportional", "su"])
NUMBERS = st.sampled_from([0.25, 1, 1.0, 2.0, 16, 64, 1e6, 0, -1.0, None, True, "2", [1.0] * 4])
ROPES = st.dictionaries(st.sampled_from(ROPE_KEYS), NUMBERS, max_size=8)


@given(
    kind=st.sampled_from(KINDS),
    changes=st.dictionaries(st.sampled_from(sorted(all_keys())), JSON, max_size=3),
    rope=st.none() | ROPES,
    scaling=st.none() | TYPES,
    old=st.booleans(),
)
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
def test_any_config_is_converted_or_refused(
    checkpoints: dict[str, Checkpoint],
    kind: str,
    changes: dict[str, Any],
    rope: dict[str, Any] | None,
    scaling: str | None,
    old: bool,
) -> None:
    """Never another exception, whatever the types and ranges."""
    checkpoint = checkpoints[kind]
    config = {**tiny.config_of(kind), **changes}
    if rope is not None:
        whole = {**rope, **({"rope_type": scaling} if scaling else {})}
        config["rope_scaling" if old else "rope_parameters"] = whole
    checkpoint.config = json.loads(json.dumps(config))
    try:
        model = read_whole(checkpoint)
    except ConvertError:
        return
    else:
        decoder(model.architecture, model.weights, FORMS["fp32"])


def test_every_family_reads_its_keys() -> None:
    assert {kind for kind in KINDS if "rope_scaling" in keys_of(kind)} == {*KINDS} - {"gpt2"}
