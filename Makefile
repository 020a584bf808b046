# make demo                      install, start, load a made-up chain, serve the pages
# make demo DATA=../shared/data/broward     the same with a real chain
# make demo PEOPLE=50_000        the same with a larger made-up chain
# make test                      every check there is; what CI runs
# make faults                    kill, fill and exhaust a running node 200 times over; a short form is in make test
# make faults ROUNDS=20          the same in a tenth of the time
# make bench                     measure against the goals in the design; prints ratios
# make lock                      compile the requirements again, after a change in pyproject.toml
# make clean                     remove what make made here (never a node's data)

BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	--python-version 3.11
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python
SELF := $(INSTALL) --no-deps --no-build-isolation --editable .

.PHONY: help demo test lint faults bench lock clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

demo: .venv/.runtime
	@$(BIN)/comity demo $(if $(DATA),--data "$(DATA)") $(if $(PEOPLE),--people "$(PEOPLE)")

test: .venv/.test lint
	@scripts/debian-packages.sh
	$(BIN)/pytest -n 2 --dist loadfile

lint: .venv/.test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

faults: .venv/.test
	COMITY_FAULT_ROUNDS=$(or $(ROUNDS),200) $(BIN)/pytest -rP tests/faults

bench: .venv/.test
	$(BIN)/python -m bench

lock: .venv/.uv
	$(LOCK) pyproject.toml --extra build -o requirements.lock
	$(LOCK) pyproject.toml --extra build --extra test -c requirements.lock -o requirements-test.lock
	echo uv | $(LOCK) - --no-annotate -o requirements-uv.lock

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis dist src/*.egg-info
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp is newer than what it was made from, so that a second run has nothing to do.
.venv/.uv: requirements-uv.lock
	@python=$$(scripts/find-python.sh) && { [ -x $(BIN)/pip ] || "$$python" -m venv .venv; }
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@touch $@

.venv/.runtime: .venv/.uv requirements.lock pyproject.toml
	@echo "Installing Comity ..."
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(SELF)
	@touch $@

.venv/.test: .venv/.uv requirements-test.lock pyproject.toml
	@echo "Installing Comity and what its tests need ..."
	@$(INSTALL) --require-hashes -r requirements-test.lock
	@$(SELF)
	@touch $@ .venv/.runtime
