# The two commands: `make run` and `make test`. Each sets up all that it needs in .venv, and nothing elsewhere.
PYTHON ?= python3
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links

CLIENTS := .venv/clients
NPM := PATH="$(CURDIR)/$(CLIENTS)/bin:$$PATH" npm --cache "$(CURDIR)/$(CLIENTS)/npm" --no-audit --no-fund --no-update-notifier

.PHONY: run test fuzz bench check format lock openapi clean
.DELETE_ON_ERROR:

run: .venv/run.done  ## serve the register on http://127.0.0.1:8000
	@exec $(BIN)/broen serve --setup

test: .venv/dev.done .venv/clients.done  ## run all tests
	@$(BIN)/python -m pytest -n auto --dist worksteal

fuzz: .venv/dev.done  ## ask for minutes what nobody would think of; EXAMPLES=1000 of each operation
	@FUZZ_EXAMPLES=$(or $(EXAMPLES),300) $(BIN)/python -m pytest -n auto tests/test_fuzz.py

bench: .venv/dev.done  ## measure against a bare server; QUICK=1 for a look, GROWTH=1000000 with up to as many initiatives
	@$(BIN)/python -m bench $(if $(QUICK),--quick) $(if $(GROWTH),--growth=$(GROWTH))

check: .venv/dev.done  ## everything that can be checked without a test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.schema_check
	$(BIN)/broen openapi | diff -u tests/openapi.json - || (echo "The OpenAPI has changed: read it, then run make openapi."; exit 1)

openapi: .venv/run.done  ## accept the OpenAPI as it is now
	$(BIN)/broen openapi > tests/openapi.json

format: .venv/dev.done  ## put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: .venv/dev.done .venv/clients.done  ## resolve the dependencies anew; UPGRADE=--upgrade takes the newest
	$(LOCK) $(UPGRADE) pyproject.toml --output-file requirements/base.txt
	$(LOCK) $(UPGRADE) --group build --constraint requirements/base.txt --output-file requirements/build.txt
	$(LOCK) $(UPGRADE) pyproject.toml --extra embedded --constraint requirements/base.txt \
		--output-file requirements/embedded.txt
	$(LOCK) $(UPGRADE) pyproject.toml --extra embedded --group dev --constraint requirements/embedded.txt \
		--constraint requirements/build.txt --output-file requirements/dev.txt
	$(LOCK) $(UPGRADE) --group clients --output-file requirements/clients.txt
	cd tests/clients && $(NPM) install --package-lock-only --omit-lockfile-registry-resolved

clean:  ## forget the environment; the data in .broen stays
	rm -rf .venv

.venv/%.done: requirements/build.txt requirements/embedded.txt requirements/dev.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing what the register needs …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements/build.txt -r requirements/$(subst run,embedded,$*).txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@

# What makes and runs generated clients, apart from the service: the generator forbids it its newest typer.
.venv/clients.done: requirements/clients.txt tests/clients/package.json tests/clients/package-lock.json | .venv/dev.done
	@echo "Installing what generated clients need …"
	@$(BIN)/python -m venv --clear --without-pip $(CLIENTS)
	@$(BIN)/pip --python $(CLIENTS)/bin/python install --quiet --disable-pip-version-check --require-hashes \
		-r requirements/clients.txt
	@cp tests/clients/package.json tests/clients/package-lock.json $(CLIENTS)
	@$(NPM) --prefix $(CLIENTS) --loglevel error --ignore-scripts ci > /dev/null \
		|| (echo "npm could not install what tests/clients/package-lock.json names: is its registry within reach?"; exit 1)
	@touch $@
