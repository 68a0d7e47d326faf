# Energy Monitor. 'make' alone says what there is.
.DEFAULT_GOAL := help
ENVIRONMENTS := environments-up environments-check environments-test
.PHONY: help up down status token check test bench deploy format openapi mutants clean $(ENVIRONMENTS)

PYTHON ?= $(shell command -v python3.11 || command -v python3)
APP := .environments/app/bin/
INFRA := $(APP)python -m infra
CHECKED := app.py chalicelib migrations infra tests
export PYTHONPATH := $(CURDIR)

# What is given on the command line (make up API_PORT=3200) reaches the programs as environment variables.

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: environments-up ## start everything on this machine, deploy, import the demo household (API_PORT=, STACK_NAME=, MONGODB_URI=)
	@$(INFRA) up

down: ## end everything that 'up' started; the data stays
	@test ! -x $(APP)python || $(INFRA) down

status: environments-check ## say what runs
	@$(INFRA) status

token: environments-check ## print a token: make token USER=alice [ROLE=operator] [HOURS=12]
	@$(INFRA) token --user "$(USER)" $(foreach role,$(ROLE),--role $(role)) --hours $(or $(HOURS),12)

check: environments-check ## format, lint, types, imports, unit and functional tests: under a minute
	@$(APP)ruff format --check $(CHECKED)
	@$(APP)ruff check $(CHECKED)
	@$(APP)mypy
	@$(APP)lint-imports --no-cache
	@$(APP)pytest -q -n 2 tests/unit tests/functional

test: environments-test check ## check, then contract, integration and end-to-end tests with coverage: what CI runs
	@$(APP)coverage erase
	@$(APP)pytest -q --cov --cov-report= tests/unit tests/functional tests/contract tests/integration tests/e2e
	@$(APP)coverage report --include='chalicelib/repositories/*' --fail-under=90
	@$(APP)coverage report --include='chalicelib/services/*' --fail-under=90
	@$(APP)coverage report --include='chalicelib/domain/*' --fail-under=90
	@$(APP)coverage report --skip-covered | tail -1

bench: environments-test ## print the speed figures, as ratios of one run
	@$(APP)python -m tests.performance.bench_domain
	@$(APP)python -m tests.performance.bench_chain
	@$(APP)python -m tests.performance.bench_backfill

deploy: environments-check ## deploy to AWS: make deploy STAGE=dev ARTIFACTS_BUCKET=... AUTH_ISSUER=... AUTH_JWKS_URL=... SECRET_ID=...
	@STAGE="$(STAGE)" $(INFRA) deploy

format: environments-check ## write the code the way 'check' wants it
	@$(APP)ruff format $(CHECKED)
	@$(APP)ruff check --fix $(CHECKED)

openapi: environments-check ## write the copy of version 2's OpenAPI document that the tests compare
	@$(APP)python -m tests.functional.openapi_copy

mutants: environments-check ## change the calculation's rules one by one and see that a test notices
	@rm -rf mutants
	@$(APP)mutmut run
	@$(APP)python -m tests.performance.mutation_score

clean: down ## remove everything that make created, the stack's data included
	@rm -rf .stack .environments .chalice/deployments .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis mutants

$(ENVIRONMENTS):
	@$(PYTHON) -m infra.local.environments $(@:environments-%=%)
