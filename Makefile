# Few verbs; `make` alone prints them. Set-up is by stamp files: it runs when its inputs change.
PYTHON ?= python3
PY := .venv/bin/python
ARGS ?=
PACKAGES ?=
# Two files of tests at a time: a browser takes more than half a core.
SIDE_BY_SIDE := -n 2 --dist loadfile --no-loadscope-reorder --durations 20

.DEFAULT_GOAL := help
.PHONY: help serve test test-fast coverage check site picture gallery bench faults firefox webkit notebooks wheels wheels-check wheels-proof outdated kernels kernels-check families gguf-proof reading hearing schemas model proof release docs

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

serve: site ## set everything up, serve the page, print its address
	@.venv/bin/intab serve build/site $(ARGS)

test: check site ## set everything up, run every test, browsers included
	@$(PY) -m tools.browser
	@$(PY) -m tools.firefox
	@$(PY) -m tools.nginx
	@$(PY) -m pytest $(if $(ARGS),$(ARGS),$(SIDE_BY_SIDE))

test-fast: .venv/.stamp ## the pure part and the repository: no browser, under a minute
	@$(PY) -m pytest -n 2 --dist loadfile tests/engine tests/repo $(ARGS)

coverage: .venv/.stamp ## which lines of the engine its own tests run; fails under 95 %
	@$(PY) -m coverage run -m pytest -q tests/engine $(ARGS)
	@$(PY) -m coverage report

faults: site ## many random sequences of faults and kills, in CPython and in a browser
	@$(PY) -m tools.browser
	@INTAB_SEQUENCES=300 $(PY) -m pytest tests/native/test_faults_over_http.py tests/browser/test_faults.py $(ARGS)

firefox: site ## visit the page in Firefox
	@$(PY) -m tests.browser.firefox

webkit: site ## visit the page in WebKitGTK (needs Debian's webkit2gtk-driver and xvfb)
	@$(PY) -m tests.browser.webkit

notebooks: site ## run intab in a notebook of JupyterLite, whose site is built from PyPI's packages
	@$(PY) -m tools.browser
	@$(PY) -m pytest tests/browser/proof_notebooks.py $(ARGS)

check: .venv/.stamp node_modules/.stamp ## ruff and mypy; of JavaScript eslint, tsc and what needs no browser
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@node_modules/.bin/eslint .
	@for place in worker page node; do node_modules/.bin/tsc -p tools/js/$$place.json || exit 1; done
	@node --test --test-reporter=dot tests/js/*.test.mjs

site: .venv/.stamp node_modules/.stamp ## assemble the static site in build/site, with PACKAGES='a b' more for programs
	@$(PY) -m tools.site --packages '$(PACKAGES)'

release: site ## the package, the wheels for Pyodide and the site in dist/, with checksums
	@$(PY) -m tools.release $(ARGS)

outdated: .venv/.stamp ## pinned packages that have a newer version, and why they stay behind
	@$(PY) -m tools.outdated

docs: .venv/.docs ## the API reference, from the docstrings, in build/docs
	@$(PY) -m tools.reference

picture: site ## make the README's picture again
	@$(PY) -m pytest -q tests/browser/test_looks.py -k picture
	cp build/screenshots/page.png docs/page.png

gallery: site ## make the pictures of the gallery's programs again
	@$(PY) -m tools.browser
	@rm -rf build/screenshots/gallery
	-@$(PY) -m pytest -q tests/browser/test_gallery.py -k runs # fails where a picture is not there yet
	cp build/screenshots/gallery/*.webp examples/pictures

bench: site ## the peers and ourselves, side by side in one browser
	@$(PY) -m tools.browser
	@$(PY) -m bench $(ARGS)

wheels: .venv/.stamp ## build the wheels that no registry has
	$(PY) wheels/build.py $(ARGS)

wheels-check: .venv/.stamp ## rebuild the wheels and compare them with the lock
	$(PY) wheels/build.py --check $(ARGS)

wheels-proof: site ## the wheels at length: upstream's own tests, and their speed
	@$(PY) -m tools.browser
	@$(PY) -m pytest tests/wheels/proof_upstream.py tests/wheels/proof_speed.py $(ARGS)

kernels: ## build our WebAssembly in kernels/ (needs Debian's clang-19 and lld-19)
	$(PYTHON) kernels/build.py

kernels-check: ## rebuild our WebAssembly and compare it with the lock
	$(PYTHON) kernels/build.py --check

families: .venv/.stamp ## compare every family, and 250 variants, with torch (models/requirements.txt)
	@$(PY) -c 'import timm, torch, transformers' 2>/dev/null || { \
		echo "make families needs torch, transformers and timm: $(PY) -m pip install timm -r models/requirements.txt"; exit 1; }
	@PYTHONPATH=.:app $(PY) -m tests.convert.comparing
	@PYTHONPATH=.:app $(PY) -m tests.convert.agreement
	@PYTHONPATH=.:app $(PY) -m tests.convert.make_encoders
	@PYTHONPATH=.:app $(PY) -m tests.convert.make_vision
	@PYTHONPATH=.:app $(PY) -m tests.convert.make_pairs

gguf-proof: .venv/.stamp ## compare a converted GGUF file with transformers' reading of it: ARGS=FILE.gguf
	@$(PY) -c 'import accelerate, torch, transformers' 2>/dev/null || { \
		echo "make gguf-proof needs torch, transformers and accelerate: $(PY) -m pip install accelerate -r models/requirements.txt"; exit 1; }
	@PYTHONPATH=.:app $(PY) -m tests.convert.proof_gguf $(ARGS)

reading: .venv/.stamp ## compare pipelines with the Python libraries: MATERIAL=texts REFERENCES='python5 python4'
	@PYTHONPATH=. $(firstword $(REFERENCES)) -m tests.reading.families '$(MATERIAL)'
	@for python in $(REFERENCES); do PYTHONPATH=. $$python -m tests.reading.record '$(MATERIAL)' || exit 1; done
	@PYTHONPATH=.:app $(PY) -m tests.reading.compare '$(MATERIAL)'

hearing: .venv/.stamp ## compare written speech with transformers: MATERIAL=sounds REFERENCES=python5
	@PYTHONPATH=.:app $(firstword $(REFERENCES)) -m tests.hearing.record '$(MATERIAL)'
	@PYTHONPATH=.:app $(PY) -m tests.hearing.compare '$(MATERIAL)'

schemas: .venv/.stamp ## 2,000 random schemas, 500 expressions and the JSON-Schema-Test-Suite
	@PYTHONPATH=.:app $(PY) -m tests.native.constrain.proof $(ARGS)

model: .venv/.stamp ## train the default model again, from the texts in DATA (docs/model.md)
	@$(PY) models/recipe/sources.py $(DATA)
	$(PY) -m pip install --disable-pip-version-check --requirement models/requirements.txt
	$(PY) models/train.py $(if $(DATA),--data $(DATA)) $(ARGS)

proof: site ## compare with files of others that are not in the repository: MATERIAL=their folder
	@INTAB_MATERIAL='$(MATERIAL)' $(PY) -m tests.wheels.material
	@$(PY) -m tools.browser
	@INTAB_MATERIAL='$(MATERIAL)' $(PY) -m pytest tests/proof_*.py tests/wheels/proof_*.py $(ARGS)

# pip says what it is at: the first time it fetches some 250 MB.
.venv/.stamp: pyproject.toml
	@sh tools/need.sh $(PYTHON)
	@echo 'Python packages go into .venv; the first time that takes some minutes.'
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --disable-pip-version-check --editable '.[dev,serve,native]'
	@touch $@

# pdoc, which nothing else needs.
.venv/.docs: .venv/.stamp
	$(PY) -m pip install --disable-pip-version-check --editable '.[docs]'
	@touch $@

node_modules/.stamp: package-lock.json package.json .npmrc
	@sh tools/need.sh $(PYTHON)
	@echo 'npm packages go into node_modules.'
	npm ci --loglevel=error
	@touch $@
