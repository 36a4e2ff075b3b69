#!/usr/bin/env bash
# transformers 4.57.6's DonutImageProcessor shrinks a page by a bicubic filter with a reducing gap, whatever
# `resample` says. 5.24.0's (backend "pil") takes the file's filter and no gap, but nearest, which is number 0
# and so counts as none, becomes bicubic. One preprocessor_config.json makes other pixels of a page in the two.
# In intab: app/intab/engine/media/donut.py has 5.24's.
#
# Needs Python 3.11 or newer and pip. Passes while it is so, fails when it changes.
# Seen on 2026-11-30, a page of 300 x 400 of even noise, shrunk to 60 x 80:
#   4.57.6: bilinear and nearest differ from bicubic by at most 0 and 0 levels
#   5.24.0: bilinear and nearest differ from bicubic by at most 10 and 0 levels
#   bicubic in 4.57.6 and 5.24.0 differs by at most 11 levels
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for version in 4.57.6 5.24.0; do
  python3 -m venv "$version"
  "$version/bin/pip" install --quiet --disable-pip-version-check \
    "transformers==$version" numpy==2.4.6 pillow==12.2.0
done

cat > run.py <<'PY'
import numpy as np
import transformers

if transformers.__version__.startswith("4."):
    from transformers.models.donut.image_processing_donut import DonutImageProcessor as Processor
else:
    from transformers.models.donut.image_processing_pil_donut import DonutImageProcessorPil as Processor

page = np.random.default_rng(0).integers(0, 256, (400, 300, 3), np.uint8)


def shrunk(resample):
    """The page's numbers after `do_thumbnail` alone."""
    processor = Processor(
        size={"height": 80, "width": 60}, resample=resample, do_resize=False, do_thumbnail=True,
        do_pad=False, do_rescale=False, do_normalize=False,
    )
    return np.asarray(processor(page)["pixel_values"][0]).astype(int)


nearest, linear, cubic = (shrunk(resample) for resample in (0, 2, 3))
found = [int(abs(one - cubic).max()) for one in (linear, nearest)]
print(f"{transformers.__version__}: bilinear and nearest differ from bicubic by at most {found[0]} and {found[1]} levels")
np.savez(f"{transformers.__version__[0]}.npz", found=found, cubic=cubic)
PY
for version in 4.57.6 5.24.0; do
  HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error PYTHONUTF8=1 "$version/bin/python" run.py
done

cat > compare.py <<'PY'
import numpy as np

old, new = np.load("4.npz"), np.load("5.npz")
apart = int(abs(old["cubic"] - new["cubic"]).max())
print("bicubic in 4.57.6 and 5.24.0 differs by at most", apart, "levels")
so = not old["found"].any() and new["found"][0] > 0 and new["found"][1] == 0 and apart > 0
print("As told: other pixels of one file's settings." if so else "It behaves otherwise now.")
raise SystemExit(not so)
PY
4.57.6/bin/python compare.py
