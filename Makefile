# Energy Monitor. 'make' alone says what there is.
.DEFAULT_GOAL := help
ENVIRONMENTS := environments-up environments-check environments-test
CHECK_PARTS := $(addprefix check-,around core)
PARTS := $(addprefix test-,deployed browser integration quick)
LONG_PARTS := $(addprefix test-long-,alone deployed measured others)
.PHONY: help up down status token check lint test test-long test-deep $(CHECK_PARTS) $(PARTS) $(LONG_PARTS) bench bench-large load soak deploy format openapi schemas household pictures guards mutants mutants-domain clean $(ENVIRONMENTS)
.PHONY: history simulate rehearsal removal

comma := ,
PYTHON ?= $(shell command -v python3.11 || command -v python3)
APP := .environments/app/bin/
INFRA := $(APP)python -m infra
NODE := .environments/javascript/bin/node
PACKAGES := .environments/javascript/node_modules
CHECKED := app.py chalicelib migrations infra tests
export PYTHONPATH := $(CURDIR)
# Byte code is kept, pytest's of the tests too, whatever the person's shell says: otherwise each process would make it again.
unexport PYTHONDONTWRITEBYTECODE
# No proxy reaches this machine's own addresses; package registries are still asked through it.
past_proxies := localhost,127.0.0.1$(addprefix $(comma),$(or $(no_proxy),$(NO_PROXY)))
export NO_PROXY := $(past_proxies)
export no_proxy := $(past_proxies)

# What is given on the command line (make up API_PORT=3200) reaches the programs as environment variables.

# Ending processes takes the environment: without it, what may still run is named, not passed over in silence.
# 'make down' and 'make clean' are plain enough: no question. $(1) is for the command line, $(2) says which stacks' notes to look for.
define end_stacks
	@if test -x $(APP)python; then $(INFRA) down --yes $(1); \
	elif notes=$$(ls .stack/$(2)/*.process 2>/dev/null); then \
		echo "A stack may still run: $$notes" >&2; \
		echo "Ending it takes the environment, which is missing: 'make environments-check', then this again." >&2; \
		exit 1; \
	fi
endef

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: environments-up ## start everything on this machine, deploy, import the demo household (API_PORT=, STACK_NAME=, MONGODB_URI=)
	@$(INFRA) up

down: ## end everything that 'up' started; the data stays
	$(call end_stacks,,$(or $(STACK_NAME),local))

status: environments-check ## say what runs, and where all does, where the migration is
	@$(INFRA) running
	@$(INFRA) status || [ $$? -eq 1 ] # which only says that something comes first

token: environments-check ## print a token: make token USER=alice [ROLE=operator or viewer] [HOURS=12]
	@$(INFRA) token --user "$(if $(findstring command,$(origin USER)),$$USER)" $(foreach role,$(ROLE),--role $(role)) --hours $(or $(HOURS),12)

lint: environments-check
	@$(APP)ruff format --check $(CHECKED)
	@$(APP)ruff check $(CHECKED)
	@$(APP)mypy
	@$(APP)lint-imports --no-cache
	@$(APP)python -m infra.local.template_lint
	@$(NODE) $(PACKAGES)/typescript/bin/tsc --project infra/javascript
	@$(NODE) $(PACKAGES)/@biomejs/biome/bin/biome ci --config-path=infra/javascript chalicelib/web tests/web

check: environments-check ## format, lint, types, imports, unit and functional tests, but the long ones: a minute on two cores
	@$(MAKE) --no-print-directory -j3 lint $(CHECK_PARTS)

# Two halves, each by one process: processes that share tests collect all of them each, and report each one to another.
$(CHECK_PARTS): check-%:
	@$(APP)pytest -q -m 'not long' $(check-$*)
check-around := $(wildcard $(addprefix tests/unit/,dead_letters infra services web))
check-core := tests/functional tests/unit $(check-around:%=--ignore=%)

test: environments-test ## what 'check' does, and contract, integration, browser and end-to-end tests, but the long ones: eight minutes
	@$(MAKE) --no-print-directory -j5 lint $(PARTS)

# Side by side, because end-to-end tests mostly wait for the deployed system, which must not wait for the others. Few
# processes: each collects all its tests, and starts servers of its own.
$(PARTS): test-%:
	@$(nice-$*) $(APP)pytest -q --durations=20 -m 'not long' $($*)
deployed := tests/e2e
browser := tests/browser
integration := -n 2 --dist worksteal tests/integration
quick := tests/contract tests/functional tests/unit

test-long: environments-test ## whole walks, crashes at every command, a deployed system under load, and coverage: CI runs it after 'test'
	@rm -f .coverage .coverage.*
	@$(MAKE) --no-print-directory -j4 $(LONG_PARTS)
	@$(APP)coverage report --include='chalicelib/repositories/*' --fail-under=90
	@$(APP)coverage report --include='chalicelib/services/*' --fail-under=90
	@$(APP)coverage report --include='chalicelib/domain/*' --fail-under=90

$(LONG_PARTS): test-long-%:
	@$(nice-$*) $(APP)pytest -q --durations=20 $(long-$*)
alone := $(patsubst %,tests/e2e/test_%.py,calculation_version faults recovery)
alone += tests/e2e/migration/test_history.py
long-alone := -m long $(alone)
long-deployed := -m long tests/e2e $(alone:%=--ignore=%)
long-others := -m long -n 2 --dist worksteal tests/integration tests/browser tests/contract tests/functional tests/unit
# Coverage doubles what a test costs, so it looks at these alone, and at three packages: they reach by themselves what is
# asked of all. Those that make thousands of requests reach nothing that the others do not.
watched := contract functional unit/services
watched += $(addprefix integration/refresh/test_,replay.py partial_snapshots.py large_meters.py)
watched += $(addprefix integration/sync/test_,repair.py sync_modes.py)
apart := $(addprefix tests/functional/,openapi test_attacks.py)
covered := domain repositories services
long-measured := $(covered:%=--cov=chalicelib/%) --cov-report= $(watched:%=tests/%) $(apart:%=--ignore=%)
nice-browser := nice
nice-integration := nice
nice-quick := nice
nice-measured := nice
nice-others := nice

# A run's order can be had again: make test-deep ORDER=...
ORDER := $(shell date +%s)
foreign = DEEP_TESTS=1 TESTS_ORDER=$(ORDER) TZ=Pacific/Kiritimati LC_ALL=$(firstword $(shell locale -a | grep -iE '^(tr|de|fr)_.*utf') C)

test-deep: environments-test ## many more examples, in random order, another zone and locale, clocks a year ahead: an hour or more
	@echo 'ORDER=$(ORDER)'
	@$(foreign) $(APP)pytest -q -n 2 --durations=20 tests/integration tests/contract
	@$(foreign) TESTS_DAYS_AHEAD=365 $(APP)pytest -q -n 2 --durations=20 tests/functional tests/unit

bench: environments-test ## measure everything, write one report of all speed figures and targets: ten minutes or so
	@$(APP)python -m tests.performance

bench-large: environments-test ## the same of a meter with a million readings, imported and refreshed: minutes more
	@$(APP)python -m tests.performance large_meters

load: environments-test ## people and forty writers on a deployed stack, and in process beside it: make load [SECONDS=40]
	@$(APP)python -m tests.load

soak: environments-test ## use a deployed stack while its functions are killed: make soak MINUTES=5
	@$(APP)python -m tests.soak

# On the deployed stack that would take hours: without gateway, bus and AppConfig it takes minutes.
history: environments-test ## 100,000 reads and writes while everything flips, in process, every answer judged: make history [SEED=...]
	@$(INFRA) drill history --in-process --people 20 --flips 200 --operations 100000 $(foreach seed,$(SEED),--seed $(seed))

simulate: environments-test ## live through 20 migrations of eight weeks on a virtual clock, two side by side
	@$(INFRA) simulate --weeks 8 --users 200 --seed 1 --seeds 20 --processes 2 --faults all

rehearsal: environments-test ## the whole migration on a stack of its own, while people read and write: make rehearsal [WITHOUT=GUARD]
	@$(INFRA) rehearsal $(foreach guard,$(WITHOUT),--without $(guard))

removal: environments-check ## remove the old backend in a copy of the project, and run 'check' there
	@$(INFRA) retire rehearse

deploy: environments-check ## deploy to AWS: make deploy STAGE=dev ARTIFACTS_BUCKET=... AUTH_ISSUER=... AUTH_JWKS_URL=... SECRET_ID=... [PARAMETERS="NAME=VALUE ..."]
	@STAGE="$(STAGE)" $(INFRA) deploy

format: environments-check ## write the code the way 'check' wants it
	@$(APP)ruff format $(CHECKED)
	@$(APP)ruff check --fix $(CHECKED)
	@$(NODE) $(PACKAGES)/@biomejs/biome/bin/biome check --write --config-path=infra/javascript chalicelib/web tests/web

openapi: environments-check ## write the copies of the OpenAPI documents that the tests compare
	@$(APP)python -m tests.functional.openapi.openapi_copy

schemas: environments-check ## write the JSON schemas of the events that the tests compare
	@$(APP)python -m tests.unit.domain.events.event_schemas

household: environments-check ## write the answers of the page's demo that a test compares
	@$(APP)python -m tests.functional.demo.household_copy

pictures: environments-test ## take the README's pictures of the page again
	@$(APP)python -m tests.browser.pictures

guards: environments-test ## take out each guard in a copy, one by one, and see that a test notices: make guards [OF=WORD]
	@$(APP)python -m tests.guards $(OF)

mutants: environments-test ## make single changes outside the calculation, in a copy, and name those that no test notices: make mutants SAMPLE=600 SEED=1
	@$(APP)python -m tests.mutants --sample $(or $(SAMPLE),600) --seed $(or $(SEED),1)

mutants-domain: environments-check ## change the calculation's rules one by one and see that a test notices
	@rm -rf mutants
	@$(APP)mutmut run
	@$(APP)python -m tests.performance.mutation_score

clean: ## end every stack and remove everything that make created, the stacks' data included
	$(call end_stacks,--all,*)
	@rm -rf .stack .environments .chalice/deployments .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis mutants

$(ENVIRONMENTS):
	@$(PYTHON) -m infra.local.environments $(@:environments-%=%)
