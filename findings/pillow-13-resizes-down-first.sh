#!/usr/bin/env bash
# Pillow 13.0.0: `Image.resize` makes a picture's rows first and its columns then, or the other way round,
# whichever is less work; 12.2.0 always goes across first. Between the two passes levels are rounded to 8 bits
# and cut at 0 and 255, so the order shows: in pictures that are scaled by much in one direction and little in
# the other, up to 32 of 255 with LANCZOS. What image processors over Pillow make of the same file differs then
# between a page (Pyodide 314 has 12.2.0) and a Python with 13.0.0, transformers' as well as others'.
# In intab: docs/pipelines.md says it; numbers are recorded with 12.2.0, and those of the Pillow that is there.
#
# Needs Python 3.11 or newer and PyPI. Passes while the behaviour is as told, fails when it changes.
# Seen on 2026-11-30: of 20 pictures 12.2.0 made 20 across first, 13.0.0 20 down first; up to 32 of 255 apart
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > run.py <<'PY'
import pickle
import sys

import numpy as np
import PIL
from PIL import Image

NARROW = [(2, 90), (33, 16)]  # width, height
WANTED = {(2, 90): [(48, 16), (16, 48), (12, 7), (32, 32)], (33, 16): [(40, 2)]}
levels = np.random.default_rng(0)
found, across_first, down_first = [], 0, 0
for width, height in NARROW:
    image = Image.fromarray(levels.integers(0, 256, (height, width, 3), dtype=np.uint8))
    for size in WANTED[width, height]:
        for way in (Image.Resampling.LANCZOS, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.HAMMING):
            at_once = image.resize(size, way)
            across = image.resize((size[0], height), way).resize(size, way)
            down = image.resize((width, size[1]), way).resize(size, way)
            across_first += at_once == across
            down_first += at_once == down
            found.append(np.asarray(at_once, np.int16))
print(f"Pillow {PIL.__version__}: of {len(found)} pictures {across_first} across first, {down_first} down first")
pickle.dump((found, across_first, down_first), open(sys.argv[1], "wb"))
PY
for version in 12.2.0 13.0.0; do
  python3 -m venv "$version"
  "$version/bin/pip" install --quiet --disable-pip-version-check "pillow==$version" numpy==2.4.6
  "$version/bin/python" run.py "$version.pickle"
done
13.0.0/bin/python - <<'PY'
import pickle

import numpy as np

(old, across, _), (new, _, down) = (pickle.load(open(f"{v}.pickle", "rb")) for v in ("12.2.0", "13.0.0"))
most = max(int(np.abs(a - b).max()) for a, b in zip(old, new))
print("levels differ by up to", most)
as_told = across == len(old) and down == len(new) and most > 9
print("As told." if as_told else "It behaves otherwise now.")
raise SystemExit(not as_told)
PY
