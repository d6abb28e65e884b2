# kaon: two commands are enough, `make demo` and `make test`; each sets everything up by itself.
#
# Needed: python3 (3.11 or newer), make, a C compiler. The first run installs the exact versions of
# requirements.lock into .venv beside this file; later runs find that nothing changed and start at once.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.kaon-installed
DEMO ?= kaon-demo
# Processes that run the tests, each with one thread, for results that do not depend on the machine; 0 for none.
JOBS ?= 2

# Threads that wait for each other should not spin for long: see kaon.cli.main.
export GOMP_SPINCOUNT ?= 5000

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint bench docs
.DELETE_ON_ERROR:

help:
	@echo "make demo      simulate jets, compare taggers, write a report into $(DEMO)/ (about 3 minutes)"
	@echo "make test      linters, types, import rules, and all tests but the slow ones"
	@echo "make test-all  the same with the slow tests"
	@echo "make lint      linters, types and import rules only"
	@echo "make bench     every file of benchmarks/: our speed, the peer's, the ratio"
	@echo "make docs      the documentation, into docs/_build/html"

demo: $(STAMP)
	@$(PY) -m kaon demo --output $(DEMO)

test: lint
	OMP_NUM_THREADS=1 $(PY) -m pytest --numprocesses $(JOBS) --dist loadscope -m "not slow"

test-all: lint
	OMP_NUM_THREADS=1 $(PY) -m pytest --numprocesses $(JOBS) --dist loadscope

lint: $(STAMP)
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

bench: $(STAMP)
	@set -e; for file in benchmarks/*.py; do \
	  echo "== $$file"; name=$${file##*/}; $(PY) -m "benchmarks.$${name%.py}"; done

docs: $(STAMP)
	$(PY) -m sphinx -W --keep-going -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

# The stamp is touched last: an interrupted installation is taken up again.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "kaon needs python3 3.11 or newer, but $(PYTHON) is $$($(PYTHON) --version 2>&1);" \
	       "install one and run: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(PY) -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV) || { \
	  echo "python3 cannot make a virtual environment; on Debian and Ubuntu run: apt-get install python3-venv" >&2; \
	  exit 1; }
	@echo "installing the versions of requirements.lock into $(VENV): a few minutes, once"
	@$(PY) -m pip install --disable-pip-version-check --quiet --requirement requirements.lock
	@$(PY) -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch $@
