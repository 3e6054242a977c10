# make demo and make test are all a newcomer needs; both install first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install demo test check lint asyncapi simulate chaos bench clean

# how many random histories `make simulate` runs, and the first seed
SEEDS ?= 1000
FROM ?= 1

# how many rounds of faults `make chaos` runs, and which of its stages (points rounds backpressure gateway; all where empty)
ROUNDS ?= 10
STAGES ?=

# how many claims the throughput run of `make bench` settles
CLAIMS ?= 20000

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 …")'
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || \
		{ echo "python3 -m venv does not work: on Debian or Ubuntu install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: install
	rm -rf build/demo
	$(BIN)/claims demo --data-dir build/demo

# the files that take longest come first, in the order of the folders; three workers, for tests also wait
# and dozens of processes read what was compiled once, also where the environment says that nothing is to be kept
test: export PYTHONDONTWRITEBYTECODE =
test: install
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

# what CI runs before the tests, in under a minute; .pre-commit-config.yaml calls it before each commit
check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

lint: check

# docs/schemas, docs/asyncapi.yaml and docs/openapi.json, made from the code; a test holds them against it
asyncapi: install
	$(BIN)/claims events schemas
	$(BIN)/claims events asyncapi
	$(BIN)/claims events openapi

simulate: install
	$(BIN)/python -m tests.simulate $(FROM) $(SEEDS)

chaos: install
	$(BIN)/python -m tests.faults.chaos $(FROM) $(ROUNDS) $(STAGES)

# make bench CLAIMS=20000; one stage: .venv/bin/python -m benchmarks throughput --claims 8000
bench: install
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,bench]'
	$(BIN)/python -m benchmarks --claims $(CLAIMS)

clean:
	rm -rf $(VENV) build .claims *.egg-info
