# The commands of the house. `make run` serves, `make test` proves; both install what they need.
PYTHON ?= python3
BIN := .venv/bin
MORE_JOBS ?= 2
# The processes of the tests share the cores already; the many that they start compile nothing anew.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=

.PHONY: run test test-more check bench evaluate chaos screenshots openapi lock clean

$(BIN)/installed: requirements-dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

run: $(BIN)/installed ## the region of Zoetermeer (fictief) on http://127.0.0.1:8000
	$(BIN)/verkeerstoren serve --demo

test: $(BIN)/installed ## all that needs nothing but Python and make; at most ten minutes
	$(ONE_THREAD) $(BIN)/python -m pytest -m "not more" -n $(MORE_JOBS) --dist worksteal -q

test-more: $(BIN)/installed ## the rest: browser, linter, real input, Postgres 15
	sh tests/more/install.sh
	$(BIN)/python -m pytest -m more -q -s

check: $(BIN)/installed ## style, types and the OpenAPI document
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy --no-error-summary
	$(BIN)/verkeerstoren openapi --check openapi/verkeerstoren.json > /dev/null

bench: $(BIN)/installed ## ratios to a reference measured in the same run
	$(BIN)/python -m benchmarks

evaluate: $(BIN)/installed ## the engine on real series at rolling origins, into docs/method.md; three quarters of an hour
	$(BIN)/python -m benchmarks.evaluate
	$(BIN)/python -m benchmarks.shortage
	$(BIN)/python -m benchmarks.conditions
	$(BIN)/python -m benchmarks.years

chaos: $(BIN)/installed ## kill -9 of everything and the worst of feeds, for long
	CHAOS_ACKS=5000 FARM_SECONDS=90 $(BIN)/python -m pytest tests/trust/test_chaos.py tests/trust/test_feed_farm.py -q -s

screenshots: $(BIN)/installed ## each page of the filled demo (fictief) into docs/pictures/; needs Chromium
	$(BIN)/python -m benchmarks.screenshots

openapi: $(BIN)/installed ## write openapi/verkeerstoren.json anew: its diff is the API review
	$(BIN)/verkeerstoren openapi > openapi/verkeerstoren.json

lock: ## pin every dependency anew, for every platform, without host names
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet uv
	.venv-lock/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --upgrade -o requirements.txt
	.venv-lock/bin/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --upgrade -o requirements-dev.txt
	rm -rf .venv-lock

clean: ## the installed environment and the embedded database
	rm -rf .venv var
