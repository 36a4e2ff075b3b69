"""Pictures of the visitor's: the camera of Chromium's fake device, a drawing, a file; any graph."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserType, expect

from tests.browser.copies import copy_site
from tests.browser.devices import lights, refused, watched, without
from tests.browser.programs import printed_json
from tests.browser.visitor import Visitor
from tests.conftest import ROOT
from tests.engine.support.drawing import drawing
from tests.engine.support.saving import saved
from tests.native.test_plain_network import write_doubling


@pytest.fixture(scope="module")
def visitor(
    browser_type_launch_args: dict[str, Any],  # first: no browser can be looked for beside one
    browser_type: BrowserType,
    site: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Visitor]:
    folder = copy_site(site, tmp_path_factory.mktemp("camera"))
    write_doubling(folder / "models/doubling.onnx", rows=1)
    for name in ("vit-labels", "yolos"):
        shutil.copytree(ROOT / "tests/golden/pictures" / name, folder / "models" / name)
    yield from watched(browser_type, browser_type_launch_args, folder)


LOOK = """
import intab, json
import numpy as np
from intab.engine.media.preparing import Preparation
small = Preparation((8, 8), (8, 8), 0, 0, 2, np.tile(np.arange(256, dtype=np.float32), (3, 1)))
frames, kept, seen = intab.camera((320, 240)), [], []
async for frame in frames:
    kept.append(frame)
    seen.append(np.asarray(frame.prepared(small)))
    frames.draw([{"label": "seen", "score": 0.5, "box": dict(xmin=9, ymin=9, xmax=60, ymax=60)}])
    if len(kept) == 6:
        break
again = [np.array_equal(frame.prepared(small), was) for frame, was in zip(kept, seen)]
sizes = {(frame.mode, *frame.size) for frame in kept}
print(json.dumps([len({frame.tobytes() for frame in kept}), again, list(sizes)]))
"""


@pytest.mark.parametrize("lacking", ["", "VideoFrame"])
def test_frames_are_new_ones_and_stay_what_they_were(visitor: Visitor, lacking: str) -> None:
    # A clock runs in the fake picture: no two frames of it are alike.
    with without(visitor.page, lacking):
        assert printed_json(visitor, LOOK) == [6, [True] * 6, [["RGB", 320, 240]]]
    assert lights(visitor) == 0


SEE = """
import intab, json
import numpy as np
pipes = [await intab.pipeline(task, "vit-labels" if task[0] == "i" else "yolos")
         for task in ("image-classification", "object-detection")]
options = [{"top_k": 9}, {"threshold": 0.0}]
async for frame in intab.camera():
    seen = [await pipe(frame, **more) for pipe, more in zip(pipes, options)]
    away = frame._im is None
    copy = frame.copy()
    same = seen == [await pipe(copy, **more) for pipe, more in zip(pipes, options)]
    levels = np.asarray(frame).std() > 9
    drawn = frame.copy()
    frame.paste((0, 0, 0), (0, 0, *frame.size))
    black = [one["score"] for one in await pipes[0](frame)]
    drawn.paste((0, 0, 0), (0, 0, *frame.size))
    drawn_on = black == [one["score"] for one in await pipes[0](drawn)]
    print(json.dumps([type(frame).__name__, away, same, bool(levels), drawn_on]))
    break
"""


def test_frames_are_answered_where_they_are_as_pictures_are(visitor: Visitor) -> None:
    assert printed_json(visitor, SEE) == ["Frame", True, True, True, True]


def test_stop_puts_the_light_out(visitor: Visitor) -> None:
    visitor.start("""
        import intab
        count = 0
        async for frame in intab.camera():
            count += 1
            if count == 3:
                print("three", flush=True)
    """)
    expect(visitor.output).to_contain_text("three")
    assert lights(visitor) == 1
    expect(visitor.output.locator("video")).to_be_visible()
    visitor.button("stop").click()
    visitor.expect_state("ready")
    assert lights(visitor) == 0
    expect(visitor.output.locator("video")).to_have_count(0)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("NotAllowedError", "The camera may not be used: allow it"),
        ("NotFoundError", "There is no camera: connect one"),
        ("NotReadableError", "The camera is taken: close what else uses it"),
    ],
)
def test_a_camera_that_is_refused(visitor: Visitor, name: str, says: str) -> None:
    with refused(visitor.page, name):
        printed = visitor.run("import intab\nasync for frame in intab.camera(): pass", "error")
    assert f"ProgramError: {says}" in printed


def test_a_camera_that_is_lost(visitor: Visitor) -> None:
    visitor.start("""
        import intab
        async for frame in intab.camera():
            print("seen", flush=True)
    """)
    expect(visitor.output).to_contain_text("seen")
    visitor.page.evaluate("tracks.at(-1).dispatchEvent(new Event('ended'))")
    visitor.expect_state("error")
    assert "ProgramError: The camera is gone" in visitor.printed()
    assert lights(visitor) == 0


def test_a_drawing(visitor: Visitor) -> None:
    visitor.start("""
        import intab, json
        drawn = await intab.canvas("A line", size=(60, 40), ink="white", pen=4)
        places = [(30, 20), (30, 2)]
        print(json.dumps([drawn.size, drawn.mode, [drawn.getpixel(place) for place in places]]))
    """)
    canvas = visitor.page.get_by_role("img", name="A line")
    box = canvas.bounding_box()
    assert box
    mouse = visitor.page.mouse
    mouse.move(box["x"] + 10, box["y"] + 21)
    mouse.down()
    mouse.move(box["x"] + 50, box["y"] + 21, steps=4)
    mouse.up()
    visitor.page.get_by_role("button", name="Done").click()
    visitor.expect_state("ready")
    printed = visitor.printed()
    found = json.loads(printed[printed.index("[[") :])
    assert found == [[60, 40], "RGB", [[255, 255, 255], [0, 0, 0]]]


def test_a_file_that_is_chosen_or_pasted(visitor: Visitor) -> None:
    data = saved(Image.fromarray(drawing(5, 7)))
    program = "import intab\nprint((await intab.image()).size)"
    visitor.start(program)
    chosen = {"name": "a.png", "mimeType": "image/png", "buffer": data}
    visitor.page.get_by_label("Choose a picture").set_input_files(chosen)  # type: ignore[arg-type]
    visitor.expect_state("ready")
    assert "(7, 5)" in visitor.printed()
    visitor.start(program)
    expect(visitor.page.get_by_label("Choose a picture")).to_be_visible()
    visitor.page.evaluate(
        """(numbers) => {
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([new Uint8Array(numbers)], "a.png"));
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData }));
        }""",
        list(data),
    )
    visitor.expect_state("ready")
    assert "(7, 5)" in visitor.printed()


def test_any_graph_runs_on_named_arrays(visitor: Visitor) -> None:
    found = printed_json(
        visitor,
        """
        import intab, json
        import numpy as np
        network = await intab.network("./models/doubling.onnx")
        x = np.arange(12, dtype=np.float32).reshape(1, 2, 2, 3)
        found = await network.run({"x": x})
        only = await network.run({"x": x}, ["z"])
        try:
            await network.run({"x": x.astype(np.float64)})
        except intab.errors.RunError as exc:
            said = str(exc)
        await network.close()
        print(json.dumps([found["y"].tolist(), list(only), said]))
        """,
    )
    assert found[0] == (np.arange(12) * 2.0).reshape(1, 2, 2, 3).tolist()
    assert found[1] == ["z"]
    assert "float64" in found[2]
