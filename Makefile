# cofe_widgets. `make lab` is all a new user needs; `make help` lists the rest.
# Python 3.11 or later and make are the only requirements: node comes from PyPI into .venv.

VENV := .venv
BIN := $(VENV)/bin
JS_SOURCES := $(shell find js -name node_modules -prune -o -type f -print 2>/dev/null) cofe_widgets/report/figures/palette.json

# The first Python that is new enough. Another one: make lab PYTHON=/path/to/python
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python; do \
    "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)

# Every pip below, the isolated builds included, installs the tested set and nothing else.
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Extra arguments for the servers, e.g. make lab LAB_ARGS="--no-browser --port 8899"
LAB_ARGS ?=
DASHBOARD_ARGS ?=
# JupyterLab will not start for root (in a container, say) unless it is told that this is meant.
ROOT_OK := $(if $(filter 0,$(shell id -u)),--allow-root)
# Arguments of a training or benchmark, e.g. make train-af ARGS="--device cuda"
ARGS ?=

.PHONY: help lab dashboard demo check test fuzz lint js bench bench-signals train-af train-af-inception train-potassium train-nine train-generator train-encoder train-delineator clean

help:
	@echo "make lab              JupyterLab on the quickstart notebook"
	@echo "make dashboard        the app as a web page, served by Voila"
	@echo "make demo             explain an embedded ECG on the command line"
	@echo "make check            the quick checks: lint, types, JavaScript, quick Python tests"
	@echo "make test             every check: these, the slow Python tests, browsers"
	@echo "make fuzz             mutated files for every reader and every kind of saved value"
	@echo "make js               rebuild the JavaScript after a change in js/"
	@echo "make bench            measure the speed"
	@echo "make bench-signals    simulator, delineator and measurements against their bars"
	@echo "make train-af, train-af-inception, train-potassium, train-nine,"
	@echo "     train-generator, train-encoder, train-delineator"
	@echo "                      train the shipped models again"
	@echo "make clean            remove the virtual environment and what was built"

# -- installing ---------------------------------------------------------------------------------

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "make: no Python 3.11 or later found: install one, or say make PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "make: $(PYTHON) cannot create a virtual environment (Debian and Ubuntu: apt-get install python3-venv)"; rm -rf $(VENV); exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade pip

# The install builds the JavaScript too, hence again after a change in js/.
$(VENV)/lab.stamp: pyproject.toml constraints.txt $(JS_SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[lab]"
	@touch $@

$(VENV)/train.stamp: pyproject.toml constraints.txt $(JS_SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[lab,train]"
	@touch $@ $(VENV)/lab.stamp

$(VENV)/test.stamp: pyproject.toml constraints.txt $(JS_SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[lab,test]"
	@touch $@ $(VENV)/lab.stamp

# Straight to esbuild, for who works on js/; npm and node are those of .venv, whatever the machine has.
NPM := cd js && PATH="$(CURDIR)/$(BIN):$$PATH" npm

js: $(VENV)/test.stamp
	$(NPM) run build

# -- using --------------------------------------------------------------------------------------

lab: $(VENV)/lab.stamp
	$(BIN)/jupyter lab $(ROOT_OK) $(LAB_ARGS) notebooks/01_quickstart.ipynb

dashboard: $(VENV)/lab.stamp
	$(BIN)/voila $(DASHBOARD_ARGS) notebooks/dashboard.ipynb

demo: $(VENV)/lab.stamp
	$(BIN)/cofe-widgets explain sample:sinus --model af-resnet --target AF --output demo.html

# -- checking -----------------------------------------------------------------------------------

# Finds a Chromium, installing one if need be, or says what to do and stops.
WITH_CHROMIUM := CHROMIUM="$$($(BIN)/python tests/chromium.py)" && export CHROMIUM &&

# Threads that wait for each other on busy cores cost the tests minutes: one a process, and so many
# processes. A file of tests stays with one of them, which makes what its tests share only once.
check test: export OMP_NUM_THREADS ?= 1
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest
IN_PARALLEL := -n $(WORKERS) --dist loadfile

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(NPM) run check
	$(NPM) test

check: lint
	$(PYTEST) $(IN_PARALLEL) -m "not slow and not browser"

# Browser tests share one JupyterLab, one Voila and one Chromium: one process, after all others.
test: lint
	$(PYTEST) $(IN_PARALLEL) -m "not browser"
	$(WITH_CHROMIUM) $(PYTEST) -m browser tests/browser

# Hours of one processor; make fuzz ARGS="WFDB --readers 1000" is shorter. Linux only.
fuzz: $(VENV)/test.stamp
	$(BIN)/python -m tests.fuzz $(ARGS)

bench: $(VENV)/test.stamp
	$(WITH_CHROMIUM) $(BIN)/python -m benchmarks $(ARGS)

# What the simulator, the delineator and the measurements promise, with the figures reached.
bench-signals: $(VENV)/test.stamp
	$(BIN)/python -m benchmarks signals delineation realism $(ARGS)

train-af train-potassium train-nine train-generator train-encoder train-delineator: train-%: $(VENV)/train.stamp
	$(BIN)/cofe-widgets train $* $(ARGS)

# The second opinion on fibrillation: another architecture, a seed of its own.
train-af-inception: $(VENV)/train.stamp
	$(BIN)/cofe-widgets train af --architecture inception --seed 1 $(ARGS)

clean:
	rm -rf $(VENV) cofe_widgets/static js/node_modules build dist *.egg-info
