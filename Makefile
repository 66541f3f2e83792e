# `make demo` and `make test` need Python 3.11+ and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint types contracts check bench clean

$(VENV)/demo.done: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable ".[demo]"
	touch $@

$(VENV)/test.done: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable ".[test]"
	touch $@

demo: $(VENV)/demo.done
	$(BIN)/parallel-partition demo

test: $(VENV)/test.done
	$(BIN)/pytest $(ARGS)

lint: $(VENV)/test.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/test.done
	$(BIN)/mypy

contracts: $(VENV)/test.done
	$(BIN)/lint-imports

check: lint types contracts test

bench: $(VENV)/test.done
	$(BIN)/python -m benchmarks point fanout fetch load

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
