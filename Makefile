# Needs make and Python 3.11 or newer; everything else is installed into .venv from requirements.lock.
#
#   make run      set up, receive a synthetic delivery if there is none, refresh the quarter, say where the page is
#   make test     set up and run the tests
#   make help     the other commands

PYTHON ?= python3
NAOME_HOME ?= .naome
FEED ?= england_quarterly
PERIOD ?= $(if $(findstring quarterly,$(FEED)),2025Q3,2023)

# The delivery that `make run` writes when nobody has brought one; the yearly release has one per nation (FEED=annual).
DEMO_FEEDS := $(if $(filter annual,$(FEED)),england_annual wales_annual,$(FEED))
# One person in eighteen lives in Wales.
WALES_SHARE := 18
DEMO_PEOPLE ?= 40000
DEMO_SEED ?= 1
DEMO_DIRT ?= 0.01
DEMO_VOLUME ?= 0.1

# How much of the nation `make bench` takes, and where: all of it needs some 40 GB.
FRACTION ?= 1
BENCH_FOLDER ?= $(or $(TMPDIR),/tmp)

# `auto` is one worker per core; tests of one file share a worker, and so the releases they build. Files come in the order of
# `tests/conftest.py`, the long ones first.
PYTEST_OPTIONS ?= --numprocesses auto --dist loadfile --no-loadscope-reorder

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.complete

# Recipes read it from the environment, where an apostrophe or a dollar sign is nothing special.
export NAOME_HOME
# No library reports its use to anybody.
export DAGSTER_DISABLE_TELEMETRY := 1
export DO_NOT_TRACK := 1
export GX_ANALYTICS_ENABLED := false
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup run test check format ui bench faults lock clean

help: ## say what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)$$/  make \1\t\2/' | expand -t 16
	@echo "  Data live in NAOME_HOME (now: $$NAOME_HOME); FEED=$(FEED) PERIOD=$(PERIOD)"

setup: $(STAMP) ## make the environment in .venv

# Two programs are installed first, by hash, with pip: uv, which installs the lock three times faster than pip does,
# and setuptools, which builds the project itself. If uv cannot reach the index that pip is configured for, pip
# installs the lock. --no-deps: the lock is complete, so there is nothing to resolve; pip check then proves it.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@rm -f $@
	@$(PYTHON) -m venv --clear $(VENV) || \
	  { echo "$(PYTHON) cannot make an environment: install its venv module" >&2; exit 1; }
	@echo "Installing requirements.lock into $(VENV) ..."
	@sed -n '/^\(uv\|setuptools\)==/,/[^\\]$$/p' requirements.lock > $(VENV)/first.txt
	@$(BIN)/python -m pip install -qq --no-deps --require-hashes -r $(VENV)/first.txt
	@index="$${PIP_INDEX_URL:-$$($(BIN)/python -m pip config get global.index-url 2>/dev/null || true)}"; \
	 [ -z "$$index" ] || export UV_DEFAULT_INDEX="$$index"; \
	 $(BIN)/uv pip sync --quiet --system-certs --python $(BIN)/python --require-hashes --compile-bytecode \
	   --build-constraints requirements.lock --require-build-hashes requirements.lock || \
	 { echo "uv could not install the lock; pip does it (about a minute longer) ..."; \
	   $(BIN)/python -m pip install -qq --no-deps --no-build-isolation --require-hashes -r requirements.lock; }
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --no-index --editable .
	@$(BIN)/python -m pip check
	@touch $@

run: $(STAMP) ## refresh a period from a delivery and say where the page is (FEED=annual: both nations, yearly)
	@home="$$NAOME_HOME"; case "$$home" in '~' | '~/'*) home="$$HOME$${home#?}";; esac; \
	[ ! -e "$$home" ] || [ -d "$$home" ] || { echo "NAOME_HOME is a file, not a folder: $$home" >&2; exit 1; }; \
	set --; for feed in $(DEMO_FEEDS); do set -- "$$@" "$$home/landing/$$feed"; done; \
	if [ -z "$$(find "$$@" -name manifest.json -print -quit 2>/dev/null)" ]; then \
	  set -e; mkdir -p "$$home/inbox"; before=; \
	  for feed in $(DEMO_FEEDS); do \
	    demo="$$home/inbox/$${feed}_$(PERIOD)"; rm -rf "$$demo"; \
	    people=$(DEMO_PEOPLE); beside=; \
	    case $$feed in wales*) people=$$((people / $(WALES_SHARE))); [ $$people -ge 200 ] || people=200; \
	      beside="$$before";; esac; \
	    $(BIN)/naome synth "$$demo" --feed $$feed --period $(PERIOD) $${beside:+--beside "$$beside"} \
	      --people $$people --seed $(DEMO_SEED) --dirt $(DEMO_DIRT) --volume $(DEMO_VOLUME); \
	    before="$$demo"; \
	    $(BIN)/naome receive "$$demo"; \
	  done; \
	fi
	@$(BIN)/naome refresh --feed $(FEED) --period $(PERIOD)
	@$(BIN)/naome open --feed $(FEED) --period $(PERIOD) --print

test: $(STAMP) ## run the tests (browser tests skip without Chromium, unless CI=true)
	@$(BIN)/python -m pytest $(PYTEST_OPTIONS) $(TESTS)

check: $(STAMP) ## formatting, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright

format: $(STAMP) ## format the code and repair what lint can repair
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

ui: $(STAMP) ## open the pipeline in Dagster's web interface
	@$(BIN)/naome ui

bench: $(STAMP) ## measure a national refresh beside its floor (FRACTION=1/16 ... 1, or GROWTH=1 for all)
	@$(BIN)/python -m benchmarks.run --fraction $(FRACTION) $(if $(GROWTH),--growth) --folder '$(BENCH_FOLDER)'

faults: $(STAMP) ## kill, mutate and race refreshes for twenty minutes, and say what was lost (FAULTS="--kills 20")
	@$(BIN)/python -m tests.faults.run $(FAULTS)

# Not after setup: a dependency that is not in the lock yet would make that fail.
lock: ## renew requirements.lock from pyproject.toml (UPGRADE=1 takes the newest versions)
	@[ -x $(BIN)/uv ] || $(MAKE) setup
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra production --universal --python-version 3.11 --generate-hashes \
	  --no-strip-extras --no-annotate --no-header \
	  $(if $(UPGRADE),--upgrade) --quiet --output-file requirements.lock

clean: ## remove the environment and caches (data in NAOME_HOME stay)
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
