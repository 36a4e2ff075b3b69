"""Assembles the static site in `build/site`: `python -m tools.site`.

What ends up where, and which names carry a digest of their content:

    index.html                    from app/index.html, placeholders filled in
    pyscript.toml                 from pyscript.toml, placeholders filled in
    service-worker.mjs            app/service-worker.mjs, bundled by esbuild
    assets/page-HASH.mjs          app/page/page.mjs, editor and examples/, bundled by esbuild
    assets/style-HASH.css         app/style.css
    assets/files-HASH.json        every file that the service worker keeps, with its sha256
    intab/, pyscript/             stable names in the runtime, for pages that embed us
    intab/python.mjs              app/page/python.mjs, for workers without PyScript
    intab/worker.mjs              app/page/worker.mjs, for Pythons that the site did not start
    intab/disk.mjs                app/page/disk.mjs, for models on the visitor's disk
    intab/isolated.mjs            app/page/isolated.mjs, for pages on hosts without its headers
    simple/                       an index of the wheels, as micropip and pip read it
    runtime-HASH/pyscript.toml    the same as above, its addresses being relative to itself
    runtime-HASH/worker.py        app/worker.py: what PyScript runs
    runtime-HASH/pyscript/        @pyscript/core as npm has it
    runtime-HASH/pyodide/         interpreter, its snapshot, start.mjs, our pyodide-lock.json,
                                  the wheels
    runtime-HASH/completions.json what the editor completes, from intab's docstrings
    runtime-HASH/ort/             onnxruntime-web
    runtime-HASH/intab/           the worker's JavaScript: app/intab/browser/js/worker.mjs, bundled,
                                  what it imports by address, and app/page/without_eval.mjs
    licences.html, licences/      what all of this is made of, from the packages' own texts
    models/NAME/                  every folder of models/ that holds a config.json
    *.br, *.gz                    pre-compressed variants beside what compresses

Placeholders, in index.html, pyscript.toml, python.mjs and worker.mjs alone: `{{page.mjs}}`,
`{{style.css}}`, `{{files.json}}`, `{{runtime}}` and `{{version}}` become `assets/page-HASH.mjs`,
`assets/style-HASH.css`, `assets/files-HASH.json`, `runtime-HASH` and intab's version. An unknown
placeholder is an error. All addresses are relative, so the site also works under a sub-path:
PyScript resolves those in pyscript.toml against that file's own.

It knows nothing about serving, and nothing here is part of the wheel.
"""
