# Everything one does with this repository. `make help` lists it.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
VENV ?= .venv
KIND ?=
NAME ?= taskdist
DATA ?=

py := $(VENV)/bin/python
ready := $(VENV)/.ready
scanners := $(VENV)-scan
checkov := $(VENV)-checkov
fuzzers := $(VENV)-fuzz
step := @.ci/step
cluster := $(py) -m e2e.cluster
lock := $(VENV)/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --fork-strategy fewest \
  --generate-hashes --no-emit-index-url --no-header --annotation-style line
benches := $(filter dag api plan schedule predict split cli reaction shards tenants,$(basename $(notdir $(wildcard bench/*.py))))

##@ Start here

.PHONY: help
help: ## this list
	@awk -v bench="$(benches)" 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n\033[1m%s\033[0m\n", substr($$0, 5) } \
	  /^[a-zA-Z0-9_-]+:.*## / { printf "  \033[36m%-18s\033[0m %s\n", $$1, $$2 } \
	  /^\$$\(addprefix bench-/ { count = split(bench, names, " "); \
	    for (i = 1; i <= count; i++) printf "  \033[36m%-18s\033[0m one of them; DATA=folder where it reads data\n", "bench-" names[i] }' \
	  $(MAKEFILE_LIST) | if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi
	@printf '\nVariables: PYTHON=%s VENV=%s KIND=existing|kind|real|simulated NAME=%s DATA=folder\n' "$(PYTHON)" "$(VENV)" "$(NAME)"

.PHONY: setup
setup: $(ready) ## the development environment in .venv, from the locks

$(ready): requirements/dev.txt pyproject.toml .ci/venv
	@.ci/venv "$(PYTHON)" "$(VENV)"
	@touch $@

.PHONY: demo
demo: $(ready) ## a cluster, the operator, and a real piece of work watched to its end
	@$(py) -m e2e.demo up

.PHONY: demo-down
demo-down: $(ready) ## take the demo's cluster away
	@$(py) -m e2e.demo down

##@ Test

.PHONY: test
test: $(ready) ## everything: lint, scan, unit, property, real API server, real containers
	$(step) "Lint" $(MAKE) --no-print-directory lint
	$(step) "Scan" $(MAKE) --no-print-directory scan
	$(step) "Programs of the test cluster" $(cluster) build
	$(step) "Scan of what is installed" $(MAKE) --no-print-directory scan-objects
	$(step) "Image" $(py) -m e2e.image build
	$(step) --last "Tests" $(py) -m pytest -p tests.sections

.PHONY: test-unit
test-unit: $(ready) ## quick: no cluster, no containers
	@$(py) -m pytest -p tests.sections -m "not integration and not e2e" tests

.PHONY: test-integration
test-integration: $(ready) ## on a real API server
	@.ci/tests-marked $(py) "integration and not e2e"

.PHONY: test-e2e
test-e2e: $(ready) ## with real containers
	@.ci/tests-marked $(py) e2e

.PHONY: test-faults
test-faults: $(ready) ## kills, cuts and delays
	@.ci/tests-marked $(py) faults

.PHONY: test-security
test-security: $(ready) ## attacks and access rules
	@.ci/tests-marked $(py) security

.PHONY: campaign
campaign: $(ready) ## generated cases: each created, changed and rolled back on a real API server; CASES=300 SEED=1
	@$(py) -m e2e.campaign --cases $(or $(CASES),300) --seed $(or $(SEED),1)

$(fuzzers)/.ready: requirements/fuzz.txt requirements/cli.txt | $(ready)
	@echo "setting up $(fuzzers) …"
	@$(py) -m venv --clear $(fuzzers)
	@$(fuzzers)/bin/python -m pip --disable-pip-version-check --no-input install --quiet --require-hashes \
	  -r requirements/cli.txt -r requirements/fuzz.txt
	@touch $@

.PHONY: fuzz
fuzz: $(fuzzers)/.ready ## coverage-guided, all targets or TARGET=, for SECONDS=60 each
	@for target in $(or $(TARGET),quantities substitution results manifest splitter); do echo "fuzz $$target" && \
	  PYTHONPATH=operator:. $(fuzzers)/bin/python -m tests.fuzz $$target $(or $(SECONDS),60) || exit 1; done

.PHONY: lint
lint: $(ready) ## ruff, mypy, import-linter
	@echo "ruff check" && $(VENV)/bin/ruff check --quiet .
	@echo "ruff format" && $(VENV)/bin/ruff format --quiet --check . || { $(VENV)/bin/ruff format --diff --quiet . | head -50; exit 1; }
	@echo "mypy" && $(VENV)/bin/mypy
	@echo "import-linter" && $(VENV)/bin/lint-imports --no-logo

.PHONY: verify
verify: $(ready) ## what is generated is up to date, and the locks fit pyproject.toml
	@.ci/verify
	@$(py) -m pytest -q tests/unit/release/test_locks.py

##@ Secure

$(scanners)/.ready: requirements/scan.txt | $(ready)
	@echo "setting up $(scanners) …"
	@$(py) -m venv --clear $(scanners)
	@$(scanners)/bin/python -m pip --disable-pip-version-check --no-input install --quiet --require-hashes -r $<
	@touch $@

.PHONY: scan
scan: $(scanners)/.ready ## bandit and detect-secrets, offline; every finding that is left has a written reason
	@echo "bandit" && $(scanners)/bin/bandit --quiet --configfile pyproject.toml --recursive operator/taskdist
	@echo "detect-secrets" && git ls-files -z | xargs -0 $(scanners)/bin/detect-secrets-hook --cores 2 --

# By uv in two seconds instead of half a minute; by pip where only that was told where packages come from.
$(checkov)/.ready: requirements/checkov.txt | $(ready)
	@echo "setting up $(checkov) …"
	@$(py) -m venv --clear $(checkov)
	@$(VENV)/bin/uv pip install --quiet --python $(checkov)/bin/python --require-hashes -r $< || \
	  $(checkov)/bin/python -m pip --disable-pip-version-check --no-input install --quiet --no-compile --require-hashes -r $<
	@touch $@

.PHONY: scan-objects
scan-objects: $(checkov)/.ready ## checkov and kube-score, offline: chart, manifests, agents' pods, Dockerfile, workflows; reasons likewise
	@$(py) -m e2e.scan --checkov $(checkov)/bin/checkov

# In ecdsa, which checkov brings along and which will not be mended (signing can be timed): a scan signs nothing.
excused := --ignore-vuln GHSA-wj6h-64fc-37mp

.PHONY: audit
audit: $(scanners)/.ready ## known weaknesses of the locked packages; asks the internet, fails if a package is unknown there
	@for lock in requirements/*.txt; do echo "pip-audit $$lock" && \
	  $(scanners)/bin/pip-audit --strict --progress-spinner off --disable-pip --require-hashes $(excused) --requirement $$lock || exit 1; done

.PHONY: sbom
sbom: $(scanners)/.ready ## dist/taskdist.cdx.json: CycloneDX: the Python packages of the image with their hashes
	@mkdir -p dist
	@$(scanners)/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --output-format JSON \
	  --output-file dist/taskdist.cdx.json requirements/operator.txt && echo dist/taskdist.cdx.json

.PHONY: wheel
wheel: $(ready) ## dist/*.whl: the same bytes from the same commit
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(VENV)/bin/hatchling build --target wheel --directory dist

##@ Change

.PHONY: format
format: $(ready) ## ruff's formatter and safe fixes
	@$(VENV)/bin/ruff check --fix --quiet . ; $(VENV)/bin/ruff format .

.PHONY: generate
generate: $(ready) ## CRDs, the chart's copies, manifests and generated documentation
	@$(py) -m taskdist.api.schema crds
	@$(py) -m taskdist.engine.rules docs/findings.md
	@$(VENV)/bin/taskdist generate reference --out docs
	@PYTHONPATH=. $(py) helm/generate.py
	@$(VENV)/bin/taskdist graph -f manifests/samples/insights.yaml -o svg > docs/img/insights.svg
	@$(py) docs/generate.py

.PHONY: lock
lock: $(ready) ## compile the locks anew from pyproject.toml; UPGRADE=1 takes newer versions
	$(lock) $(if $(UPGRADE),--upgrade) --all-extras --group dev -o requirements/dev.txt
	$(lock) $(if $(UPGRADE),--upgrade) -c requirements/dev.txt -o requirements/cli.txt
	$(lock) $(if $(UPGRADE),--upgrade) -c requirements/dev.txt --extra operator -o requirements/operator.txt
	$(lock) $(if $(UPGRADE),--upgrade) -c requirements/dev.txt --all-extras -o requirements/solver.txt
	$(filter-out pyproject.toml,$(lock)) $(if $(UPGRADE),--upgrade) -c requirements/dev.txt --group scan -o requirements/scan.txt
	$(filter-out pyproject.toml,$(lock)) $(if $(UPGRADE),--upgrade) --group checkov -o requirements/checkov.txt
	$(filter-out pyproject.toml,$(lock)) $(if $(UPGRADE),--upgrade) -c requirements/dev.txt --group fuzz -o requirements/fuzz.txt

##@ Clusters and image

.PHONY: cluster-up
cluster-up: $(ready) ## a cluster of KIND; without KIND the best that this machine can have
	@$(cluster) up $(if $(KIND),--kind $(KIND)) --name $(NAME)

.PHONY: cluster-down
cluster-down: $(ready) ## end it and leave nothing behind
	@$(cluster) down --name $(NAME)

.PHONY: image
image: $(ready) ## the container image
	@$(py) -m e2e.image build

##@ Measure

.PHONY: bench
bench: $(ready) ## all benchmarks
	@$(if $(wildcard bench/__main__.py),$(py) -m bench $(DATA),$(MAKE) --no-print-directory --keep-going $(addprefix bench-,$(benches)))

.PHONY: $(addprefix bench-,$(benches))
$(addprefix bench-,$(benches)): bench-%: $(ready)
	@$(py) -m bench.$* $(DATA)

.PHONY: soak
soak: $(ready) ## does anything stay of distributions that are gone? 20 minutes
	@$(py) -m bench.soak

##@ Tidy

.PHONY: clean
clean: ## what tests and tools left in the checkout
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
	@find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## clean, and the development environment
	@rm -rf $(VENV) $(scanners) $(checkov) $(fuzzers)
