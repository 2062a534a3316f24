# Everything that is done with this project, by hand or by CI. `make help` lists it.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo start test longtest soak extensions contracts servers cms check snapshots bench clean lock

PY := .venv/bin/python
# Pictures stay on this machine unless the command line itself says otherwise: what the environment holds does not count.
PROVIDER := $(if $(filter command,$(firstword $(origin MODEL_PROVIDER))),$(MODEL_PROVIDER),local)

help: ## list what can be done
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  make demo PICTURES=folder            your own pictures, with sub-folders'
	@echo '  make start ARGS="--route none"       uploads raise no event, to try `describer backfill`'
	@echo '  make demo MODEL_PROVIDER=azure       a real model, by the settings in your environment (or =openai)'
	@echo '  make test ARGS="-k line"             some of the tests'

setup: ## get all that is needed into .venv and .local (the others do it by themselves)
	@sh local/setup.sh test
	@sh local/setup.sh demo

demo: ## describe sample pictures from end to end on this machine, without an Azure account
	@sh local/setup.sh demo
	@MODEL_PROVIDER=$(PROVIDER) $(PY) -m local.demo

start: ## keep the app and all its stand-ins running, to try things by hand
	@sh local/setup.sh demo
	@$(PY) -m local.start $(ARGS)

test: ## run the tests that take under ten seconds each (infra/: `make check`, the real extensions: `make extensions`)
	@sh local/setup.sh test
	@$(PY) -m pytest --ignore tests/infra --ignore tests/realhost -m 'not long' $(ARGS)

longtest: ## run the tests that take longer each: outages, the demo, every command of the documents
	@sh local/setup.sh test
	@$(PY) -m pytest --ignore tests/infra --ignore tests/realhost -m long $(ARGS)

soak: ## the tests that take steps by chance, for half an hour: 200,000 steps, 40,000 on Azurite, 100,000 damaged pictures
	@sh local/setup.sh test
	@SOAK_STEPS=200000 SOAK_PACKETS=100000 $(PY) -m pytest -n0 tests/unit/pipeline/test_nothing_is_lost.py \
		tests/contracts/test_nothing_is_lost.py tests/unit/vision/embedded_text/test_rules.py \
		-k 'NothingIsLost or on_azurite or mutated_pictures'

extensions: ## hold the host's stand-in against Microsoft's own extensions, run by the program that WEBJOBS_HOST names
	@sh local/setup.sh test
	@$(PY) -m tests.contracts.extensions --note $(ARGS)
	@$(PY) -m tests.contracts.extensions --table
	@$(PY) -m pytest -n0 tests/realhost
	@EXTENSIONS_HOST=$$WEBJOBS_HOST $(PY) -m pytest tests/end_to_end

contracts: ## generate clients in C#, TypeScript and Python that call every operation; ask with OpenAI's clients; run the examples (DOTNET_TOOLS: Kiota, NSwag, C#)
	@sh local/setup.sh test
	@$(PY) -m tests.clients $(ARGS)
	@$(PY) -m pytest -n0 -q tests/end_to_end/test_docs.py

servers: ## ask real model servers what the app asks of them, and write the table of docs/models.md (half an hour at first)
	@sh local/setup.sh test
	@sh local/setup.sh servers
	@$(PY) -m tests.servers --write $(ARGS)

cms: ## run the recipes of docs/cms.md with Payload, Strapi, Directus and WordPress from npm (3 GB; ARGS=payload)
	@sh local/setup.sh test
	@$(PY) -m tests.cms $(ARGS)

mutants: ## put faults into the code, one at a time, and fail if the tests miss more than a tenth of them
	@sh local/setup.sh test
	@$(PY) -m tests.mutants

check: ## formatting, lint, types, layers, dependencies, infrastructure
	@sh local/setup.sh test
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports
	@.venv/bin/deptry .
	@sh local/setup.sh infra
	@$(PY) -m pytest -q tests/infra
	@said=$$($(PY) -m tests.infra.compiler) || printf '\n!! infra/: only its snapshots were checked, not its Bicep: %s\n' "$$said"

snapshots: ## write the snapshots of infra/ anew, to be read as a difference
	@sh local/setup.sh test
	@$(PY) -m tests.infra.snapshots

bench: ## run the main benchmarks on an idle machine, write benchmarks/RESULTS.md, and fail if a goal is missed
	@sh local/setup.sh test
	@$(PY) -m benchmarks

clean: ## remove all that was downloaded or made
	@rm -rf .venv .local .demo infra/hooks/hooks_env .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock: ## pin the dependencies of pyproject.toml anew (needs uv)
	uv pip compile -q --universal --python-version 3.13 --no-emit-index-url --no-header pyproject.toml -o requirements.txt
	uv pip compile -q --universal --python-version 3.13 --no-emit-index-url --no-header --generate-hashes pyproject.toml \
		--extra cli --group local --group test -c requirements.txt -o requirements/test.txt
	uv pip compile -q --universal --python-version 3.13 --no-emit-index-url --no-header --generate-hashes pyproject.toml \
		--group local --group demo -c requirements.txt -c requirements/test.txt -o requirements/demo.txt
	uv pip compile -q --universal --python-version 3.13 --no-emit-index-url --no-header --generate-hashes \
		--group infra -o requirements/infra.txt
	uv pip compile -q --universal --python-version 3.13 --no-emit-index-url --no-header --generate-hashes \
		--group servers -o requirements/servers.txt
	for peer in notebook sample; do uv pip compile -q --universal --python-version 3.13 --no-emit-index-url --no-header \
		--generate-hashes --group $$peer -o requirements/$$peer.txt || exit 1; done
