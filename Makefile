# From a bare clone: Python 3.11 or newer, pip and make are all that is needed (no root, no Node).
# Everything lands in .venv; call it again and only what is missing is done.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v $$p; break; }; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
JOBS ?= auto
ARGS ?=

.PHONY: help demo test lint types imports docs check clean
.DELETE_ON_ERROR:

help:
	@echo "make demo     run the flights example: 336,776 real flights, from raw data to a model"
	@echo "make test     run every test (JOBS=2 for two at a time, ARGS='-k plan' for some)"
	@echo "make check    what .ci/run checks before the tests: lint, types, imports"
	@echo "make docs     write the generated pages of docs/reference anew"
	@echo "make clean    remove .venv, caches and the examples' data and state"

demo: .venv/.demo examples/flights/data/flights.parquet
	cd examples/flights && ../../$(BIN)/penstock run
	@printf '%s\n' '' \
	  'That was the whole pipeline. Now, in another shell:' '' \
	  '  cd examples/flights; . ../../.venv/bin/activate' '' \
	  '  penstock run              again: everything is reused, nothing runs' \
	  '  penstock plan             what would run, and why, before anything does' \
	  '  penstock run --set boosted.trees=200' \
	  '  penstock runs             every run so far, with its metrics' \
	  '  penstock show last        one run, step by step' \
	  '  penstock logs last contest    what a step printed' \
	  '  penstock trace 2013-12-24/UA303/JFK    what became of one flight' '' \
	  'Then edit a line of `recent_mean` in flights.py, and ask `penstock plan` and `penstock why features`.' \
	  'docs/tutorial.md goes through it line by line.'

examples/flights/data/flights.parquet: examples/flights/prepare.py | .venv/.demo
	$(BIN)/python examples/flights/prepare.py

test: .venv/.test
	$(BIN)/python -m pytest -n $(JOBS) --maxprocesses 4 $(ARGS)

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.dev
	$(BIN)/mypy

imports: .venv/.dev
	$(BIN)/lint-imports

check: lint types imports

docs: .venv/.test
	$(BIN)/python docs/generate.py

clean:
	rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf examples/*/data examples/*/.penstock

# A stamp for each set of packages, so that asking again costs nothing. Debian splits `ensurepip` off: where it is
# missing, the environment begins without pip and gets it from the pip outside.
.venv/.made:
	@test -n "$(PYTHON)" || { echo "Penstock needs Python 3.11 or newer, and none is on the PATH (or: make PYTHON=/path/to/python3)." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Penstock needs Python 3.11 or newer; $(PYTHON) is older." >&2; exit 1; }
	@$(PYTHON) -c 'import venv' 2>/dev/null || { echo "$(PYTHON) has no module venv; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv .venv >/dev/null 2>&1 || $(PYTHON) -m venv --without-pip .venv
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m pip --python $(BIN)/python install --quiet pip \
	  || { echo "There is no pip for $(PYTHON); on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PIP) install --upgrade 'pip>=25.1'
	@touch $@

.venv/.demo .venv/.test .venv/.dev: .venv/.%: pyproject.toml | .venv/.made
	@echo "Installing Penstock with what \`make $*\` needs (once) ..."
	@$(PIP) install --editable . --group $*
	@touch $@
