"""The page in Firefox, as it is served: examples, camera, Stop, what is stored, a visit offline."""

from __future__ import annotations

import re
from pathlib import Path

from tests.browser.firefox import visit
from tests.browser.test_real_hub import GALLERY as FROM_HUB
from tests.conftest import ROOT


def test_firefox_runs_every_example_stops_stores_and_is_offline(site: Path) -> None:
    done = visit(site)
    assert done.returncode == 0, done.stdout + done.stderr
    gallery = (ROOT / "examples" / "gallery.mjs").read_text(encoding="utf-8")
    titles = re.findall(r'title: "([^"]+)"', gallery)
    # These write no text; the hub's are left out.
    silent = {"Tokenizer explorer", "A digit drawn by hand", "Draw an emoji", *FROM_HUB}
    figures = re.findall(r"^seen: (.+): First token after", done.stdout, re.MULTILINE)
    assert figures == [title for title in titles if title not in silent]
    assert "seen: a camera's frames" in done.stdout
    assert "seen: a program that the dialog's edge cuts was chosen" in done.stdout
    assert done.stdout.splitlines()[-4:] == [
        "seen: a second visit, over the service worker",
        "seen: a story that was stopped",
        "seen: every stored byte is as it was",
        "seen: an answer without a server",
    ]
