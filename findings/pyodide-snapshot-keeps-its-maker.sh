#!/usr/bin/env bash
# Pyodide 314.0.3 (npm): an interpreter that begins from a memory snapshot (`_makeSnapshot`, `_loadSnapshot`)
# has what belonged to the machine and the moment of the one that made it: the state of `random`, so every
# start gives the same "random" numbers; hashes of texts; the names and the offset of the time zone, since
# Emscripten's tzset runs once and Python's `time` has no tzset there; and '' twice in sys.path, which
# each start inserts. os.urandom and local times themselves are of the new start.
# Why it matters: starting so takes a fifth of the time, and a page that does it would give each visitor
# the same story for the same prompt, and times with another zone's name.
# In intab: app/intab/browser/js/snapshot.mjs (RENEW) and tools/site/snapshot.mjs put these right.
#
# Needs Node.js 20 or newer and npm. Passes while it is so, fails when it changes.
# Seen on 2026-11-29: made with TZ=UTC, taken with TZ=Asia/Tokyo: random.random() the same in two starts, time.timezone
#   0 and tm_zone "UTC-0000" beside the right hour and tm_gmtoff 32400, sys.path beginning with '' and ''
set -eu
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund pyodide@314.0.3

cat > run.mjs <<'JS'
import { readFile, writeFile } from "node:fs/promises";
import { loadPyodide } from "pyodide";
if (process.argv[2] === "make") {
  const python = await loadPyodide({ _makeSnapshot: true });
  await writeFile("snapshot", python.makeMemorySnapshot());
} else {
  const python = await loadPyodide({ _loadSnapshot: await readFile("snapshot") });
  console.log(python.runPython(`
import json, os, random, sys, time
now = time.localtime()
json.dumps([random.random(), hash("a"), os.urandom(8).hex(), time.timezone, now.tm_zone, now.tm_gmtoff, sys.path[:2]])
`));
}
JS
TZ=UTC node run.mjs make
TZ=Asia/Tokyo node run.mjs take > first
TZ=Asia/Tokyo node run.mjs take > second
cat first second
python3 - <<'PY'
import json

a, b = (json.load(open(name)) for name in ("first", "second"))
so = (
    a[0] == b[0] and a[1] == b[1] and a[2] != b[2]
    and a[3] == 0 and a[4].startswith("UTC") and "9" not in a[4] and a[5] == 9 * 3600 and a[6] == ["", ""]
)
print("As told." if so else "It behaves otherwise now.")
raise SystemExit(not so)
PY
