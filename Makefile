# make up opens the floor, make check proves it. Needs Python 3.11+ and nothing else; works from any directory.
ROOT := $(shell dirname '$(strip $(MAKEFILE_LIST))')
IN_VENV := sh '$(ROOT)/deploy/with-venv.sh'
ARGS ?=

.PHONY: help up check lint types imports test sim chaos matrix mutate fuzz answers injection golden format bench lock clean kill-switch naked tamper

help: ## show this
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' '$(ROOT)/Makefile' | expand -t 16

up: ## open the floor: install what is missing, start everything (ARGS="--market synthetic" …)
	@exec $(IN_VENV) run outcry up $(ARGS)

check: ## what CI runs: lint, types, import rules, all tests
	@exec $(IN_VENV) dev python -m deploy.check $(ARGS)

test: ## the tests alone (ARGS="tests/db -x" …)
	@cd '$(ROOT)' && exec $(IN_VENV) dev pytest $(ARGS)

sim: ## the whole floor on a virtual clock: 10,000 seeds of faults (in slices: ARGS="--resume sim.jsonl --seconds 600")
	@cd '$(ROOT)' && exec $(IN_VENV) dev outcry sim --seeds 1..10000 $(ARGS)

chaos: ## G3, G5, G8: kill the processes of a live floor for ten minutes (ARGS="--seconds 60 --seed 7"); slices add up
	@cd '$(ROOT)' && exec $(IN_VENV) dev python -m chaos $(ARGS)

matrix: ## G4: every way an order's answer can be lost, 180 cells for each seed (MATRIX_SEEDS=1..5)
	@cd '$(ROOT)' && MATRIX_SEEDS=$${MATRIX_SEEDS:-1..5} MATRIX_EVERY=1 $(IN_VENV) dev pytest -q -s \
		tests/mcp_servers/execution/live/test_matrix.py -k E1 $(ARGS)

mutate: ## change one thing at a time in what must not be wrong (ledger, orders, gate, protection, tally, auth …): do the tests notice? (ARGS="--seconds 600"); slices add up
	@cd '$(ROOT)' && exec $(IN_VENV) dev python -m deploy.mutate $(ARGS)

fuzz: ## try every operation of the API with 20,000 requests that Schemathesis thinks of (FUZZ_SECONDS=600: slices add up)
	@cd '$(ROOT)' && FUZZ_CASES=$${FUZZ_CASES:-20000} $(IN_VENV) dev pytest -q -s tests/api/fuzz $(ARGS)

answers: ## G13: 100,000 damaged answers put to whole minds: none becomes a vote that the schema forbids (ANSWERS=…, ANSWERS_SEED=…)
	@cd '$(ROOT)' && ANSWERS=$${ANSWERS:-100000} $(IN_VENV) dev pytest -q -s tests/agents/test_mutated_answers.py $(ARGS)

injection: ## G14: 224 texts that give orders, by every channel, to a model that obeys what it reads (INJECTION_SEED=…)
	@cd '$(ROOT)' && $(IN_VENV) dev pytest -q -s tests/agents/injection $(ARGS)

kill-switch: ## G7: halt 900 times in one process, 100 with processes, 100 at the practice exchange: how late was an order taken? (ARGS="--seconds 300"); slices add up
	@cd '$(ROOT)' && exec $(IN_VENV) dev python -m benchmarks.kill_switch $(ARGS)

naked: ## G6: the longest time that a position had no stop, by the practice exchange's books (ARGS="--runs 40 --seed 6")
	@cd '$(ROOT)' && exec $(IN_VENV) dev python -m benchmarks.naked $(ARGS)

tamper: ## G20: 10,000 edits, deletes, swaps, copies and cut tails of a ledger: is each seen? (ARGS="--seconds 300"); slices add up
	@cd '$(ROOT)' && exec $(IN_VENV) dev python -m benchmarks.tamper $(ARGS)

golden: ## write the golden files and the generated pages anew, to be read as a diff
	@cd '$(ROOT)' && GOLDEN=rewrite $(IN_VENV) dev pytest -q tests/contract/test_golden.py tests/contract/test_reference.py \
		tests/openoutcry/indicators/test_docs.py tests/openoutcry/strategy/test_docs.py tests/agents/test_pins.py \
		tests/openoutcry/ledger/test_golden_rows.py

format: ## format the code and mend what lint can mend
	@cd '$(ROOT)' && $(IN_VENV) dev ruff check --fix-only --quiet . && $(IN_VENV) dev ruff format .

bench: ## measure; prints figures with the machine and the commit
	@cd '$(ROOT)' && exec $(IN_VENV) dev python -m benchmarks $(ARGS)

lock: ## pin the dependencies anew (needs the network)
	@exec $(IN_VENV) dev python -m deploy.lock $(ARGS)

clean: ## remove the environment and all caches, keep every home folder
	@cd '$(ROOT)' && rm -rf .venv .cache .pytest_cache .hypothesis && find . -name __pycache__ -type d -prune -exec rm -rf {} +
