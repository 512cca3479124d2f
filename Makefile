# Every target installs first what is missing; with nothing changed that costs nothing.
PYTHON ?= python3
PIP_ARGS ?=
BIN := .venv/bin
export DO_NOT_TRACK := true

.PHONY: install run up test check operations faults bench agree

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt constraints-dev.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v >= (3, 11) else f"Python {v[0]}.{v[1]} found, 3.11 or newer needed: make install PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -c constraints.txt -c constraints-dev.txt -e '.[dev]'
	@touch $@

run: install
	@$(BIN)/generalist run

# Prefect's and MLflow's servers, workers and deployments on this machine; Ctrl-C stops all of it.
up: install
	@$(BIN)/generalist up

test: install
	@$(BIN)/python -m pytest -q

# Whole stacks: PostgreSQL, an S3 server, a browser. ARGS="-k s3" for some. Needs Debian's
# postgresql and chromium.
operations: install
	@$(BIN)/python -m pytest -q -m "operations or browser" $(ARGS)

# Twenty faults, really caused: what was expected of each, and what was found. ARGS="cancel" for one.
faults: install
	@$(BIN)/python -m tests.faults $(ARGS)

check: install
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# Peers beside us, in turn, about half an hour; BENCH=encoding for that one. NANOGPT=DIR names a
# checkout of nanoGPT to measure too.
bench: install
	@$(BIN)/python -m benchmarks $(BENCH)

# Our scores beside lm-evaluation-harness' on one model; fails where they differ. GENERALIST_DATA=DIR
# names a mirror of the published data to take rows from too.
agree: install
	@$(BIN)/python -m benchmarks.agreement
