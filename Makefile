# One word a chore; `.ci/run` says the same words. The first chore on a fresh machine sets everything up into .venv.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help setup demo test torture soak fuzz lint bench bench-kafka evaluation proofs constraints docs system-parts clean

# The first that runs and is new enough; 3.11 is the one the tests run on.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null && echo "$$python" && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Debian packages that only tests need, as program:package.
SYSTEM_PARTS := chromium:chromium redis-server:redis-server prometheus:prometheus java:openjdk-17-jre-headless mvn:maven rabbitmq-server:rabbitmq-server

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

setup: $(STAMP) ## install everything into .venv (done by itself before the other chores)

# Two steps: pinned and hashed dependencies first, then Tocsin itself, so that nothing unpinned is ever fetched.
$(STAMP): constraints.txt pyproject.toml
	@test -n "$(PYTHON)" \
	  || { echo "Tocsin needs Python 3.11 or newer; name it: make PYTHON=path/to/python3 setup" >&2; exit 1; }
	@test -x $(BIN)/pip || "$(PYTHON)" -m venv --clear $(VENV) \
	  || { echo "This Python cannot make an environment. On Debian: apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP) ## play simulated France live; ends by itself within two minutes
	$(BIN)/tocsin demo

test: lint system-parts ## lint, types, import rules, then all tests
	$(BIN)/python -m pytest

torture: $(STAMP) system-parts ## fifty rounds of falling workers, brokers and stores (half an hour)
	TORTURE_ROUNDS=50 $(BIN)/python -m pytest -s -W ignore tests/integration/test_distributed_kafka.py -k killed

SOURCES_MINUTES ?= 10
soak: $(STAMP) ## four networks talk and break off for ten minutes; each post is heard once
	SOURCES_MINUTES=$(SOURCES_MINUTES) $(BIN)/python -m pytest -s -W ignore tests/integration/test_sources_run.py

FUZZ_SECS ?= 60
fuzz: $(STAMP) ## coverage-guided fuzzing, FUZZ_SECS=60 for each target (Linux x86-64, Python 3.11 to 3.13)
	mkdir -p out/fuzz
	for target in hearing lines; do \
	  $(BIN)/python scripts/fuzz_guided.py $$target -max_total_time=$(FUZZ_SECS) -artifact_prefix=out/fuzz/$$target- -verbosity=0 -print_final_stats=1; \
	done

lint: $(STAMP) ## ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) ## posts a second and microseconds a post, stage by stage; what closed posts cost
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.closed

bench-kafka: $(STAMP) system-parts ## one machine against Kafka: posts a second, by stage and number of workers
	$(BIN)/python benchmarks/distributed.py

evaluation: $(STAMP) ## replay and score every scenario of DATA=…, write docs/evaluation.md
	@test -n "$(DATA)" || { echo "name the data: make evaluation DATA=path/to/data" >&2; exit 2; }
	$(BIN)/python benchmarks/evaluate.py "$(DATA)"

proofs: $(STAMP) ## what the deciding is worth on DATA=…: ablation, budgets, radii, attacks; writes docs/explanation
	@test -n "$(DATA)" || { echo "name the data: make proofs DATA=path/to/data" >&2; exit 2; }
	for seed in 60 61; do $(BIN)/tocsin simulate --out out/drawn --seed $$seed --hours 16 --rate 25 --incidents 26 --decoys 10 || exit 1; done
	$(BIN)/python benchmarks/ablation.py "$(DATA)/scenarios" out/drawn
	$(BIN)/python benchmarks/radius.py "$(DATA)/scenarios" out/drawn
	$(BIN)/python benchmarks/calibration.py "$(DATA)"
	$(BIN)/python benchmarks/attacks.py

constraints: $(STAMP) ## pin all dependencies anew (a maintainer's chore; needs the network)
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --extra dev pyproject.toml --output-file constraints.txt

docs: $(STAMP) ## write docs/reference from the code
	$(BIN)/python scripts/build_reference.py

system-parts: # what only tests need and pip cannot give; `make demo` never comes here
	@for part in $(SYSTEM_PARTS); do \
	  program=$${part%%:*}; package=$${part##*:}; \
	  if command -v "$$program" > /dev/null; then continue; fi; \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$$package" > /dev/null; \
	  else \
	    echo "missing: $$program (its tests are skipped). Install it: sudo apt-get install --no-install-recommends $$package" >&2; \
	  fi; \
	done

clean: ## remove everything that was built
	rm -rf $(VENV) build dist out .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
