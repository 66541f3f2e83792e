# `make demo` and `make test` need Python 3.11+ and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# How many tests run at a time; each worker has servers of its own. A file's tests stay together, as they share clusters.
WORKERS ?= 2

.PHONY: demo test fuzz chaos lint types contracts check bench clean

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
	$(BIN)/pytest -n $(WORKERS) --dist loadfile $(ARGS)

# 200,000 random queries, half of them on PostgreSQL 15 where that is installed: hours. ARGS="--statement-seed 7"
# makes others.
fuzz: $(VENV)/test.done
	$(BIN)/pytest tests/cluster/test_random_queries.py tests/cluster/test_random_matches.py --statements 100000 $(ARGS)

# Clients, recoveries and servers killed at every step of a commit, and a bank whose tellers and servers are killed
# for a minute; ARGS="--bank-seconds 600" for longer.
chaos: $(VENV)/test.done
	$(BIN)/pytest tests/cluster/test_kills.py tests/cluster/test_server_kills.py tests/cluster/test_tpc_kills.py \
		tests/cluster/test_bank.py --chaos $(ARGS)

lint: $(VENV)/test.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/test.done
	$(BIN)/mypy

contracts: $(VENV)/test.done
	$(BIN)/lint-imports

check: lint types contracts test

bench: $(VENV)/test.done
	$(BIN)/python -m benchmarks point fanout fetch load many

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
