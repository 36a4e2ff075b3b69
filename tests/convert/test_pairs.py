"""Every encoder with its decoder computes what torch does; pipelines read the folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import intab
from intab.convert.checkpoint import Checkpoint
from intab.convert.converter import Request, convert
from intab.convert.forms import FORMS
from intab.convert.pairs.converting import read_pair, write_graphs
from intab.errors import ConvertError
from tests.convert import tiny_pairs as tiny
from tests.convert.make_encoders import outside
from tests.convert.make_pairs import BOUNDS, by_us, recorded
from tests.engine.support.sounds import made_up

RECORDED = tiny.golden()["cases"]
HEARS = {
    "feature_extractor_type": "WhisperFeatureExtractor",
    "feature_size": 12,
    "sampling_rate": 16000,
    "hop_length": 160,
    "n_fft": 400,
    "chunk_length": 1,
}


@pytest.mark.parametrize("case", tiny.CASES)
def test_logits_are_torchs(tmp_path: Path, case: str) -> None:
    """Two sources of which one has padding; four ids at once, then one by one."""
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", case)
    found = recorded(by_us(folder, case, "fp32"))
    np.testing.assert_allclose(found, RECORDED[case]["logits"], atol=3e-4, rtol=1e-5)


def test_the_comparison_with_torch_is_recorded_and_within_its_bounds() -> None:
    assert list(RECORDED) == list(tiny.CASES)
    assert all(row["difference"].keys() == FORMS.keys() for row in RECORDED.values())
    assert outside(RECORDED, BOUNDS) == []


async def test_texts(tmp_path: Path) -> None:
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", "flan")
    out = tmp_path / "model"
    report = convert(Request(folder, out, ("fp32", "q8", "q8f32")))
    assert [row.dtype for row in report.rows] == ["fp32", "q8", "q8f32"]
    assert all("tokens that fp32 writes it would write" in row.remark for row in report.rows[1:])
    manifest = json.loads((out / "intab.json").read_text("utf-8"))
    assert list(manifest["roles"]) == ["encoder_model", "decoder_model_merged"]
    assert "`intab.pipeline`" in (out / "README.md").read_text("utf-8")
    for dtype in ("fp32", "q8", "q8f32"):
        pipe: Any = await intab.pipeline("text2text-generation", out, dtype=dtype)
        for beams in (1, 3):
            [answer] = await pipe("a dog ran", max_new_tokens=6, num_beams=beams)
            assert answer["generated_text"]
        await pipe.close()


async def test_speech(tmp_path: Path) -> None:
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", "whisper")
    (folder / "preprocessor_config.json").write_text(json.dumps(HEARS))
    report = convert(Request(folder, tmp_path / "model", ("fp32", "q8")))
    assert "tokens that fp32 writes" in report.rows[1].remark
    for dtype in ("fp32", "q8"):
        pipe: Any = await intab.pipeline(
            "automatic-speech-recognition", tmp_path / "model", dtype=dtype
        )
        found = await pipe(made_up(16000), max_new_tokens=5, num_beams=2)
        assert isinstance(found["text"], str)
        await pipe.close()


def test_unasked_what_cannot_be_made_is_left_out(tmp_path: Path) -> None:
    """A weight that is too large for halves; the last dtype that there is must be made."""
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", "t5")
    tensors = load_file(folder / "model.safetensors")
    tensors["decoder.block.1.layer.2.DenseReluDense.wo.weight"] *= np.float32(1e6)
    save_file(tensors, folder / "model.safetensors")
    with np.errstate(over="ignore"):
        report = convert(Request(folder, tmp_path / "model"))
        assert [row.dtype for row in report.rows] == ["fp32", "q8"]
        assert any("fp16 was left out: " in note for note in report.notes)
        files = {path.name for path in (tmp_path / "model/onnx").iterdir()}
        assert "decoder_model_merged_fp16.onnx" not in files
        with pytest.raises(ConvertError, match="numbers that are not finite: leave its dtype out"):
            convert(Request(folder, tmp_path / "other", ("fp16",)))


def test_old_names_and_a_head_of_its_own(tmp_path: Path) -> None:
    """Saved without the head there is no prefix; the embedding may have any of its names."""
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", "bart")
    wanted = by_us(folder, "bart", "fp32")
    tensors = load_file(folder / "model.safetensors")
    bare = {name.removeprefix("model."): value for name, value in tensors.items()}
    bare["encoder.embed_tokens.weight"] = bare.pop("shared.weight")
    save_file(bare, folder / "model.safetensors")
    np.testing.assert_array_equal(by_us(folder, "bart", "fp32"), wanted)
    own = np.float32(2) * bare["encoder.embed_tokens.weight"]
    save_file({**bare, "lm_head.weight": own}, folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "tie_word_embeddings": False}))
    bias = bare["final_logits_bias"]
    np.testing.assert_allclose(by_us(folder, "bart", "fp32") - bias, 2 * (wanted - bias), atol=1e-3)


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("flan", {"tie_word_embeddings": True, "scale_decoder_outputs": False}),
        ("t5", {"tie_word_embeddings": False, "scale_decoder_outputs": True}),
        ("mt5", {"tie_word_embeddings": True, "scale_decoder_outputs": True}),
    ],
)
def test_whether_logits_are_scaled_as_transformers_5_says(
    tmp_path: Path, case: str, says: dict[str, bool]
) -> None:
    """It saves every T5 as tied, flan-T5 too."""
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", case)
    wanted = by_us(folder, case, "fp32")
    other = tiny.write_checkpoint(tmp_path / "other", case, **says)
    np.testing.assert_array_equal(by_us(other, case, "fp32"), wanted)


def test_small_graphs(tmp_path: Path) -> None:
    """Of int8 weights no float copy is kept: the files are a quarter of fp32's, and a bit."""
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", "whisper")
    model = read_pair(Checkpoint(folder))
    whole, small = (write_graphs(tmp_path / dtype, dtype, model) for dtype in ("fp32", "q8"))
    assert small.weights < 0.55 * whole.weights


@pytest.mark.parametrize(
    ("case", "changes", "says"),
    [
        ("t5", {"strange": 7}, "keys that are not known for t5: 'strange'"),
        ("t5", {"feed_forward_proj": "thin-relu"}, '"thin-relu", which none has'),
        ("t5", {"feed_forward_proj": "gated-tanh"}, "The activation 'tanh' is not known"),
        ("t5", {"num_layers": 1}, "has 2 layers encoder.block, config.json 1"),
        ("t5", {"relative_attention_num_buckets": 18}, "must be a multiple of 4"),
        ("t5", {"relative_attention_max_distance": 8}, "more than half of it"),
        ("t5", {"d_kv": 16}, "has the shape"),
        ("bart", {"decoder_layers": 2}, "has 3 layers model.decoder.layers, config.json 2"),
        ("bart", {"encoder_attention_heads": 5}, "5 heads do not divide"),
        ("bart", {"normalize_before": True}, "computes False alone"),
        ("marian", {"share_encoder_decoder_embeddings": False}, "computes True alone"),
        ("m2m_100", {"pad_token_id": None}, "no pad_token_id, from which positions are counted"),
        ("whisper", {"max_source_positions": 7}, "has the shape"),
        ("bart", {"vocab_size": 20}, "belong to different models"),
    ],
)
def test_what_cannot_be_converted(
    tmp_path: Path, case: str, changes: dict[str, Any], says: str
) -> None:
    folder = tiny.write_checkpoint(tmp_path / "checkpoint", case, **changes)
    with pytest.raises(ConvertError, match=says):
        convert(Request(folder, tmp_path / "model", ("fp32",)))
    assert not (tmp_path / "model").exists()
