"""Pictures in a real browser: decoded as native Pillow does, and seen as transformers sees them."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.browser.conftest import Stock
from tests.browser.programs import printed_json
from tests.browser.returning import Returning
from tests.browser.visitor import Visitor, visits
from tests.conftest import ROOT
from tests.engine.support.drawing import drawing
from tests.engine.support.saving import saved
from tests.native.test_diffusion import CASES as DIFFUSED
from tests.native.test_diffusion import NEAR, differs, folder_of, task_of
from tests.native.test_images import CUT_OFF, bomb
from tests.native.test_picture_pipelines import CASES, GOLDEN, same

DRAWING = (ROOT / "tests/engine/support/drawing.py").read_text("utf-8")
NOISE = (ROOT / "tests/engine/support/noise.py").read_text("utf-8").partition("annotations\n")[2]
# Cases that begin with noise and with a picture, of three schedulers; the last in turns.
MADE = {"made-pndm": DIFFUSED[0], "made-lcm": DIFFUSED[10], "made-of-picture": DIFFUSED[14]}
FOLDERS = ("vit-labels", "clip", "yolos", "segformer")
LARGE = Image.fromarray(drawing(97, 131))


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


FILES = {
    "420.jpg": saved(LARGE, "JPEG", quality=80, subsampling=2),
    "turned.jpg": saved(LARGE, "JPEG", subsampling=2, exif=turned(6)),
    "progressive.jpg": saved(LARGE, "JPEG", subsampling=1, progressive=True),
    "grey.jpg": saved(LARGE.convert("L"), "JPEG"),
    "alpha.png": saved(Image.fromarray(drawing(40, 30, 4))),
    "turned.png": saved(LARGE, exif=turned(8)),
    "palette.gif": saved(LARGE.convert("P"), "GIF"),
    "lossy.webp": saved(LARGE, "WEBP", quality=70),
    "sixteen.png": saved(Image.fromarray(np.arange(600, dtype=np.uint16).reshape(20, 30))),
    "plain.bmp": saved(LARGE, "BMP"),
}


def digest(image: Image.Image) -> list[Any]:
    return [image.mode, list(image.size), hashlib.sha256(image.tobytes()).hexdigest()]


def decoded(data: bytes) -> Image.Image:
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert upright
    return upright


@pytest.fixture(scope="module")
def visitor(returning: Returning, served: str, stocked: Path, stock: Stock) -> Iterator[Visitor]:
    for name in FOLDERS:
        shutil.copytree(GOLDEN / "pictures" / name, stock(name))
    for name, case in MADE.items():
        folder_of(case, stock(name))
    (stocked / "pictures").mkdir()
    for name, data in FILES.items():
        (stocked / "pictures" / name).write_bytes(data)
    yield from visits(returning, served)


SEEING = """
import intab, json, sys
import numpy as np

def shown(value):
    if hasattr(value, "getdata"):
        return {{"grey": np.asarray(value).tolist()}}
    raise TypeError(type(value))

found, early = [], []
for case in json.loads({cases!r}):
    pipe = await intab.pipeline(case["task"], case["folder"])
    early.append("PIL" in sys.modules)
    answers = []
    for call in case["calls"]:
        pixels = drawing(*SIZES[call["picture"]], call["channels"])
        pixels = pixels[..., 0] if call["channels"] == 1 else pixels
        answers.append(await pipe(pixels, **call["options"]))
    found.append(answers)
    await pipe.close()
print(json.dumps([found, early], default=shown))
"""


def with_pictures(value: Any) -> Any:
    """What was printed, with masks as pictures again."""
    if isinstance(value, list):
        return [with_pictures(one) for one in value]
    if isinstance(value, dict) and "grey" in value:
        return Image.fromarray(np.array(value["grey"], np.uint8))
    return {k: with_pictures(v) for k, v in value.items()} if isinstance(value, dict) else value


def test_as_transformers(visitor: Visitor) -> None:
    """Pillow comes with the first picture, not with the model."""
    cases = [case for case in CASES if case["folder"] in FOLDERS and not case["config"]]
    cases = [{**case, "calls": case["calls"][:7]} for case in cases]
    given = [{**c, "calls": [{**one, "result": 0} for one in c["calls"]]} for c in cases]
    found, early = printed_json(visitor, DRAWING + SEEING.format(cases=json.dumps(given)))
    assert early[0] is False
    for case, answers in zip(cases, found, strict=True):
        same(with_pictures(answers), [call["result"] for call in case["calls"]])


DECODING = """
import hashlib, intab, json

found = {{}}
for name in {names!r}:
    image = await intab.image("pictures/" + name)
    found[name] = [image.mode, image.size, hashlib.sha256(image.tobytes()).hexdigest()]
print(json.dumps(found))
"""


def test_decoded_as_native_pillow_does(visitor: Visitor) -> None:
    found = printed_json(visitor, DECODING.format(names=list(FILES)))
    assert found == {name: digest(decoded(data)) for name, data in FILES.items()}


SOURCES = """
import base64, intab, js, json
import numpy as np
from pyodide.ffi import to_js

data = base64.b64decode({data!r})
blob = js.Blob.new(to_js([to_js(data)]))
bitmap = await js.createImageBitmap(blob)
canvas = js.OffscreenCanvas.new(bitmap.width, bitmap.height)
canvas.getContext("2d").drawImage(bitmap, 0, 0)
print(json.dumps([
    np.asarray((await intab.image(source)).convert("RGB")).tolist()
    for source in (data, blob, bitmap, canvas, to_js(data), to_js(data).buffer)
]))
"""


def test_what_a_page_has(visitor: Visitor) -> None:
    pixels = drawing(5, 7)
    data = base64.b64encode(saved(Image.fromarray(pixels))).decode()
    found = printed_json(visitor, SOURCES.format(data=data))
    assert found == [pixels.tolist()] * 6


REFUSING = """
import base64, intab, js, json

said = []
sources = [base64.b64decode(one) for one in {data!r}] + ["pictures/none.png", 7, js.Map.new()]
for source in sources:
    try:
        await intab.image(source)
        said.append("")
    except intab.errors.PromptError as exc:
        said.append(str(exc))
print(json.dumps(said))
"""


def test_what_is_no_picture(visitor: Visitor) -> None:
    """And the page goes on."""
    files = [b"none", b"<svg/>", CUT_OFF, bomb(12_000, 9_000), b"\0\0\0\x18ftypheic" + bytes(40)]
    data = [base64.b64encode(one).decode() for one in files]
    said = printed_json(visitor, REFUSING.format(data=data))
    wanted = ["is not a picture of a kind", "a drawing (SVG)", "is cut off", "is too large",
              "cannot read", "no picture at", "not int", "not this object"]  # fmt: skip
    for words, text in zip(wanted, said, strict=True):
        assert words in text


# As a canvas is that has a picture of another origin, which this page's own policy keeps away.
TAINT = """
const canvas = Object.assign(document.createElement("canvas"), { id: "tainted", width: 3 });
canvas.toDataURL = () => {
  throw new DOMException("Tainted canvases may not be exported.", "SecurityError");
};
document.body.append(canvas);
"""


def test_a_canvas_that_no_page_may_read(visitor: Visitor) -> None:
    visitor.page.evaluate(TAINT)
    program = """
        import intab
        from pyscript import document

        await intab.image(document.querySelector("#tainted"))
    """
    printed = visitor.run(program, "error")
    assert "PromptError: The canvas has a picture of another origin on it" in printed


MAKING = """
import intab, json
from intab.engine.runtime.limits import Limits
from intab.platform import loader

found = []
for name, task, size, options in json.loads({cases!r}):
    if size:  # so that its graphs are held in turns
        loader()._runtime.limits = lambda device: Limits({{"memory": 400_000}})
    pipe = await intab.pipeline(task, name)
    begins = [drawing(*size)] if size else []
    prompt = options.pop("prompt")
    made = await pipe(prompt, *begins, generator=InTurn(), **options)
    open_now = len(pipe.networks)
    found.append([[np.asarray(one).tolist() for one in made.images], open_now])
    await pipe.close()
print(json.dumps(found))
"""


def test_made_out_of_noise_as_diffusers_does(visitor: Visitor) -> None:
    """The last one with graphs that are opened one after the other."""
    cases = [[n, task_of(c), c.get("size"), c["options"]] for n, c in MADE.items()]
    found = printed_json(visitor, DRAWING + NOISE + MAKING.format(cases=json.dumps(cases)))
    assert [open_now for _, open_now in found] == [3, 3, 1]
    for (images, _), case in zip(found, MADE.values(), strict=True):
        assert differs(images, case["pictures"]) <= NEAR
