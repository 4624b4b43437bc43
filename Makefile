# `make help` lists the targets. Each target builds what it needs, under .local/.
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

PYTHON ?= python3
DATE ?=
ORDERS ?=
ROWS ?= 1000000 10000000
ONLY ?=
SERVICE ?=
OBSERVE ?=
STATE := $(or $(LAKEHOUSE_STATE_DIR),.local/state)

EMBEDDED := .local/envs/embedded/bin/python
STACK := $(EMBEDDED) -m embedded.command embedded.cli
SUITES := $(EMBEDDED) -m tests.suites
# Commands on the platform as it is: nothing is built, whatever state the environments are in.
AS_IT_IS := PYTHON='$(PYTHON)' bin/platform

.PHONY: help night setup setup-up setup-observe setup-lint setup-conformance up down status logs env test verify verify-rest test-unit test-integration test-night conformance bench observe soak stream fresh lint format manifest lock reset

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' Makefile

night: setup-up ## Run the whole night: make night [DATE=2025-10-16] [ORDERS=100000, once] [OBSERVE=1, as in up]
	@$(STACK) night $(if $(DATE),'$(DATE)') $(if $(ORDERS),--orders '$(ORDERS)')

setup: ## Build the locked environments (only what is missing or changed)
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) not found: install Python 3.11 or 3.12 (Debian 12: apt-get install python3)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 8))' || { echo "error: $(PYTHON) is too old: install Python 3.11 or 3.12 (Debian 12: apt-get install python3), or give it as PYTHON=..." >&2; exit 1; }
	@$(PYTHON) bin/bootstrap embedded airflow dbt superset connectors

# What observes the platform is fetched only when it is asked for.
setup-up: $(if $(filter 1,$(OBSERVE)),setup-observe,setup)

setup-observe: setup
	@$(PYTHON) bin/bootstrap observe
	@$(PYTHON) bin/prometheus
	@bin/elasticsearch

setup-lint: setup
	@$(PYTHON) bin/bootstrap lint

setup-conformance: setup
	@$(PYTHON) bin/bootstrap conformance
	@# 3: no JDK or no Maven here; then the tests against Calcite's parser are skipped, and say why.
	@$(PYTHON) bin/calcite || test $$? -eq 3

up: setup-up ## Start the platform, or some of it: make up [SERVICE="postgres object_store"] [OBSERVE=1: also Prometheus, Elasticsearch, ...]
	@$(STACK) up $(SERVICE)

down: ## Stop the platform, or some of it; nothing is lost, nothing is built: make down [SERVICE=superset]
	@$(AS_IT_IS) down $(SERVICE)

status: ## Show every service: pid, health, address, memory
	@$(AS_IT_IS) status

logs: ## Show the last lines of the logs and follow them: make logs [SERVICE=airflow]
	@$(AS_IT_IS) logs -f $(SERVICE)

env: ## Print the platform's addresses and credentials, and nothing else
	@$(AS_IT_IS) env

test: setup ## Run what every change must pass, at most 15 minutes: unit, real services, a whole night with its faults
	@$(SUITES) test

verify: setup-conformance setup-observe ## Run all tests, at most 45 minutes: also the engines' suites, dbt's adapter tests, more nights, a soak
	@$(SUITES) test rest

verify-rest: setup-conformance setup-observe ## Run only what verify adds to test
	@$(SUITES) rest

test-unit: setup ## Run the unit tests only (no services)
	@$(SUITES) unit

test-integration: setup ## Run the integration tests only
	@$(SUITES) integration

test-night: setup-observe ## Run the night tests only
	@$(SUITES) night

observe: setup-observe ## Run the tests of metrics, logs, incidents and ETA: a night with planted faults, seen and told
	@$(SUITES) observe night/observed

conformance: setup-conformance ## Run the engines' conformance tests; DREMIO_URL=... runs them against your own Dremio
	@$(SUITES) conformance

bench: setup ## Measure how fast it is, about two hours in all: make bench [ROWS="1000000 10000000"] [ONLY="queries flight"]
	@PYTHONPATH=. $(EMBEDDED) -m bench --rows $(ROWS) $(if $(ONLY),--only $(ONLY))

soak: setup ## Run many business dates with random faults, then compare bronze with the source: make soak [DATES=30] [SEED=n]
	@mkdir -p .local/test/airflow
	@PYTHONPATH=plugins:. TZ=UTC AIRFLOW_HOME="$$PWD/.local/test/airflow" AIRFLOW__CORE__LOAD_EXAMPLES=False \
		.local/envs/airflow/bin/python -m tests.soak --dates '$(or $(DATES),30)' $(if $(SEED),--seed '$(SEED)')

stream: setup ## Stream for minutes with random kills and two nights, then compare all rows with the source: make stream [SECONDS=600] [RATE=200] [SEED=n]
	@$(SUITES) stream/every\ moment
	@mkdir -p .local/test/airflow
	@PYTHONPATH=plugins:. TZ=UTC AIRFLOW_HOME="$$PWD/.local/test/airflow" AIRFLOW__CORE__LOAD_EXAMPLES=False \
		.local/envs/airflow/bin/python -m tests.stream --seconds '$(or $(SECONDS),600)' --rate '$(or $(RATE),200)' $(if $(SEED),--seed '$(SEED)')

fresh: ## Run the README's commands on a bare Debian 12, as root and as a user; needs root: make fresh [FRESH="night test"] [USERS="root user"]
	@$(PYTHON) -m tests.fresh $(if $(FRESH),--commands $(FRESH)) $(if $(USERS),--users $(USERS))

lint: setup-lint ## Check style, types, SQL and the direction of imports; change nothing
	@bin/lint

format: setup-lint ## Format the Python code
	@.local/envs/lint/bin/ruff format .
	@.local/envs/lint/bin/ruff check --fix-only --quiet .

manifest: setup ## Rebuild the dbt manifest that the DAGs are built from, after changing a model
	@mkdir -p .local/test/airflow
	@PYTHONPATH=plugins AIRFLOW_HOME="$$PWD/.local/test/airflow" .local/envs/airflow/bin/python -m lakehouse.dbt.manifest

lock: setup ## Resolve requirements.txt and requirements/*.in again and write the locks
	@bin/lock

reset: ## Stop the platform and delete its state, data and passwords included (asks first)
	@$(AS_IT_IS) reset
