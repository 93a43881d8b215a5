# `make` alone lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
export ASSISTANT_HOME ?= $(CURDIR)/.home
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help install chat test check docs bench clean links

help: ## list what can be made
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1@\2/p' $(MAKEFILE_LIST) | awk -F@ '{printf "%-18s%s\n", $$1, $$2}'

install: $(VENV)/installed ## make .venv with the pinned packages (needs the network once)

chat: $(VENV)/installed ## index seeds/ or what you indexed before, and serve the chat page
	@$(BIN)/assistant chat

test: $(VENV)/installed-dev ## run the test suite in two processes (about 13 minutes on two quiet cores)
	@$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

check: $(VENV)/installed-dev ## lint, types and layers
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

docs: $(VENV)/installed-dev ## build the documentation into site/
	@$(BIN)/properdocs build

bench: $(VENV)/installed-bench ## a cold question, and questions at 10,000 chunks (15 minutes; adds the peers to .venv)
	@$(BIN)/python -m bench.cold && $(BIN)/python -m bench.question

clean: ## remove .venv and what tools left; the library in .home stays
	rm -rf $(VENV) links build dist site *.egg-info .*_cache .hypothesis

# The package as it lies in a wheel, made of links: what type checker, linter and doctests see. Run again
# after a file or folder was added directly under assistant/.
links:
	@rm -rf links && mkdir -p links/article_assistant
	@for entry in assistant/*; do \
	    [ "$$entry" = assistant/__pycache__ ] || ln -s "../../$$entry" links/article_assistant/; \
	done
	@ln -s ../../index ../../prompts links/article_assistant/
	@$(BIN)/python -c 'import pathlib, sysconfig; \
	    pathlib.Path(sysconfig.get_path("purelib"), "article_assistant_links.pth").write_text("$(CURDIR)/links\n")'

# The first Python of a version that is tested with this project, 3.11 before the newer ones, on which PyTorch's part
# is not tested; what lies in .venv already is kept.
$(VENV)/installed: pyproject.toml constraints.txt
	@if [ ! -x $(BIN)/python ]; then \
	    for python in python3.11 python3.12 python3.13 python3 python; do \
	        if $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then \
	            found=$$python; break; \
	        fi; \
	    done; \
	    if [ -z "$$found" ]; then echo "No Python 3.11, 3.12 or 3.13 is on the PATH; install one of them and try again." >&2; exit 1; fi; \
	    echo "Making $(VENV) with $$($$found --version)"; \
	    $$found -m venv $(VENV) || exit 1; \
	fi
	@echo "Installing the packages; this takes a few minutes the first time."
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@$(MAKE) --silent links
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@echo "Installing the packages for tests and checks."
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(VENV)/installed-bench: $(VENV)/installed-dev bench/requirements.txt
	@echo "Installing the products that the benchmarks compare with."
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --requirement bench/requirements.txt
	@touch $@
