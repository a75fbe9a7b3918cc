# Everything this project can be asked to do. A target does its own set-up, so that a machine with
# only Python and make can run any of them; what is already there is not done twice.

PYTHON ?= python3
WORKERS ?= 2
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --quiet --no-input --disable-pip-version-check
LOCK := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard app/locale/*/LC_MESSAGES/*.po))

# Pages are the same with and without colours; a log file is easier to read without.
ifdef CI
export NO_COLOR := 1
endif

say = @printf '%s\n' '· $(1)'

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install install-dev chromium demo demo-reset migrate test soak fault bench check \
        screenshots lighthouse webkit format messages docs lock clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- set-up ---------------------------------------------------------------------------------------

install: .venv/run.stamp $(CATALOGUES)  ## Install what the service needs, into .venv
	@:

install-dev: .venv/dev.stamp $(CATALOGUES)  ## Install what its tests need too
	@:

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo 'Python 3.11 or later is needed, and $(PYTHON) is not there.' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Python 3.11 or later is needed; say which one: make PYTHON=python3.11 …' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo 'This Python cannot make a virtual environment: install its venv package (Debian: apt-get install python3-venv).' >&2; exit 1; }
	$(call say,making .venv)
	@$(PYTHON) -m venv .venv

.venv/run.stamp: requirements.lock | $(BIN)/python
	$(call say,installing requirements.lock)
	@$(PIP) install --require-hashes -r $<
	@touch $@

.venv/dev.stamp: requirements-dev.lock | $(BIN)/python
	$(call say,installing requirements-dev.lock)
	@$(PIP) install --require-hashes -r $<
	@touch $@ .venv/run.stamp

$(CATALOGUES): %.mo: %.po .venv/run.stamp
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

chromium:
	@command -v "$${CHROMIUM:-chromium}" >/dev/null && exit; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	  echo 'The browser tests need Chromium: install it (Debian: apt-get install chromium fonts-dejavu-core), or name one that is there: make CHROMIUM=/path/to/chromium test' >&2; exit 1; \
	fi; \
	echo '· installing Chromium'; \
	log=$$(mktemp); export DEBIAN_FRONTEND=noninteractive; \
	{ apt-get update && apt-get install --yes --no-install-recommends chromium fonts-dejavu-core; } >"$$log" 2>&1 || \
	  { cat "$$log" >&2; echo 'Chromium could not be installed: the reason stands above.' >&2; exit 1; }; \
	rm -f "$$log"

# --- the service ----------------------------------------------------------------------------------

demo: install  ## A working study with simulated participants, on localhost (PORT=, DIARY_CSV=)
	@$(BIN)/python -m app demo

demo-reset:  ## The same, from the start
	@[ ! -d var ] || [ -e var/secret.key ] || { echo 'var/ was not made by make demo, so it is left alone.' >&2; exit 1; }
	@rm -rf var
	@$(MAKE) --no-print-directory demo

migrate: install  ## Bring the configured database to the present schema
	@$(BIN)/python -m app migrate

# --- tests ----------------------------------------------------------------------------------------

# Databases and browsers that live for seconds need no disk: on a memory disk with room for them
# the suite takes two thirds of its time.
test soak: export TMPDIR := $(or $(shell df -k --output=avail /dev/shm 2>/dev/null | \
  awk 'NR == 2 && $$1 > 4000000 { print "/dev/shm" }'),$(TMPDIR),/tmp)

test: install-dev chromium  ## Every test, on SQLite, PostgreSQL and in Chromium
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --in-turn

soak: export SOAK = 1
soak: install-dev chromium  ## The same tests with large counts
	@$(BIN)/python -m pytest --numprocesses $(WORKERS)

fault: export SOAK = 1
fault: install-dev  ## Kill processes, fill disks, lose a host, under 5,000 submissions (minutes)
	@$(BIN)/python -m pytest tests/faults

bench: install-dev chromium  ## Measure; never judges
	@$(BIN)/python -m tests.bench

screenshots: install-dev chromium  ## Every page, both languages and themes, into ./screenshots (PAGES=part-of-a-name)
	@$(BIN)/python -m tests.screenshots $(PAGES)

lighthouse: install-dev chromium  ## What Lighthouse says of the phone's pages; needs Node
	@$(BIN)/python -m tests.lighthouse

webkit: install-dev  ## An evening in WebKit; needs webkit2gtk-driver and xvfb
	@$(BIN)/python -m tests.webkit

check: install-dev  ## Format, lint, types, insecure code, and known faults of what is used
	@$(BIN)/ruff format --check --quiet . || { echo 'Not formatted: run make format.' >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/python -m tests.house.audit & audit=$$!; \
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive app && wait $$audit

format: install-dev  ## Rewrite the code in the house format
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

# --- generated files ------------------------------------------------------------------------------

messages: install  ## Collect the words of pages and code into the catalogues
	@$(BIN)/pybabel --quiet extract --mapping-file babel.cfg --no-wrap --sort-by-file --add-location=file \
	  --output-file .venv/messages.pot app
	@$(BIN)/pybabel --quiet update --no-fuzzy-matching --no-wrap --ignore-obsolete --ignore-pot-creation-date \
	  --input-file .venv/messages.pot --output-dir app/locale
	@$(MAKE) --no-print-directory install

docs: install-dev  ## Write the generated tables of the documents
	@$(BIN)/python -m tests.house.documents

lock: install-dev  ## Pin pyproject.toml again (UPGRADE=1: to the newest)
	@$(BIN)/$(LOCK) $(if $(UPGRADE),--upgrade) --extra postgres --output-file requirements.lock pyproject.toml
	@$(BIN)/$(LOCK) $(if $(UPGRADE),--upgrade) --extra postgres --extra dev --constraint requirements.lock \
	  --output-file requirements-dev.lock pyproject.toml

clean:  ## Remove what make made, but for ./var
	@rm -rf .venv .hypothesis .mypy_cache .pytest_cache .ruff_cache screenshots
	@find app tests alembic -name __pycache__ -prune -exec rm -rf {} +
	@rm -f $(CATALOGUES)
