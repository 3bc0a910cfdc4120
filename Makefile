# make notebook   set up what is missing and open JupyterLab on the study
# make test       set up what is missing and run every test
# make lint       format, Clippy, and that `use` lines run one way (seconds)
# make unit       the tests that need no server and no browser (seconds)
# make golden     show which figures changed, before and after; ACCEPT=1 takes them
# make report     run all notebooks into notebooks/report/*.html
# make bench      print the measurements (about half an hour)
# make figures    draw every kind of figure onto one page to look at
# make names      ask Discord for the names of members and channels
# make post       post the last week to a channel of Discord's
# make record     record your own server, until it is stopped
# make history    read your own server's past from Discord
# make clean      remove what was built and installed in this folder
#
# What is installed goes into ACTIVITY_TOOLS: this folder's .tools, or somewhere
# outside it (elsewhere inside, Cargo takes the kernels' crates for members of
# its workspace).
ACTIVITY_TOOLS ?= $(CURDIR)/.tools
# Recipes take folders from the environment: one with a $ in its name would be changed
# on the way through the shell's quotes.
REPORT ?= notebooks/report
PYTHON ?=
JUPYTER_ARGS ?=

JUPYTER := "$$ACTIVITY_TOOLS/jupyter/bin/python"
TESTS := "$$ACTIVITY_TOOLS/tests/bin/python"
# Scripts are started by their interpreters: a ZIP of the project loses their mode.
SETUP := sh notebooks/python.sh notebooks/setup.py
PROGRAMS := sh notebooks/python.sh notebooks/tests/programs.py
STUDY := server-activity-analysis.ipynb
PATTERNS := community-patterns.ipynb
OWN := your-own-questions.ipynb

export ACTIVITY_TOOLS PYTHON
# Another project's, with which Jupyter doesn't start.
unexport PYTHONPATH PYTHONHOME

# Secrets are for the programs that need them, not for pip, Cargo or what crates
# run when they are built. Where they are needed, setup.py goes first and hands
# them to nothing that it starts.
ifeq ($(filter setup notebook report names record history post,$(or $(MAKECMDGOALS),notebook)),)
unexport MONGOKEY DISCORD_TOKEN DISCORD_WEBHOOK
endif

# Jupyter's settings, state and trust: the project's own, not the user's. No news and
# no offers of updates stand over the notebook; figures show real people, so they get
# into the file when its user says so.
STATE = $${ACTIVITY_STATE:-$$ACTIVITY_TOOLS/state}
JUPYTER_HOME = JUPYTER_CONFIG_DIR="$(STATE)/config" \
	JUPYTER_CONFIG_PATH="$$PWD/notebooks/settings/jupyter" \
	JUPYTER_DATA_DIR="$(STATE)/data" \
	JUPYTER_RUNTIME_DIR="$(STATE)/runtime" \
	JUPYTERLAB_SETTINGS_DIR="$(STATE)/settings" \
	JUPYTERLAB_WORKSPACES_DIR="$(STATE)/workspaces" \
	IPYTHONDIR="$(STATE)/ipython" \
	JUPYTER_NO_CONFIG=

# Jupyter doesn't start for root, whose only user it is in a container, unless
# it is told to.
FOR_ROOT := $(shell [ "$$(id -u)" != 0 ] || echo --allow-root)

# Every setting, empty: the user's own must not reach the tests.
# Which kernel is used is no matter of theirs. The file of windows is there by
# default too, so the tests have one that can't be there. A make that a test starts is
# none of this make's jobs.
NO_SETTINGS := env MAKEFLAGS= $(shell sed -n '/EVCXR/!s/^\# \([A-Z_]*\)=.*/\1=/p' .env.example) ACTIVITY_FILE=/dev/null/none

# The tests' own programs, for Rust and Python alike.
TEST_ENV = $(NO_SETTINGS) REFERENCE_PYTHON=$(TESTS) MONGOD="$$($(PROGRAMS) mongod)" \
	CHROMIUM="$$($(PROGRAMS) chromium)" JUPYTER_PATH="$$ACTIVITY_TOOLS/jupyter/share/jupyter"

.PHONY: notebook test test-rust test-notebooks lint unit golden report bench figures names record history post setup clean

.DEFAULT_GOAL := notebook

setup:
	@$(SETUP) jupyter
	@$(SETUP) pull

notebook: setup
	@echo "Opening the study in JupyterLab. Run it with Run > Run All Cells; stop JupyterLab with Ctrl+C here."
	@export $(JUPYTER_HOME) && cd notebooks && exec $(JUPYTER) -m jupyterlab $(STUDY) $(FOR_ROOT) $(JUPYTER_ARGS)

report: setup
	@$(JUPYTER_HOME) $(JUPYTER) notebooks/report.py "$(REPORT)" notebooks/$(STUDY) notebooks/$(PATTERNS) notebooks/$(OWN)
	@echo "Done: open $(REPORT)/*.html in a browser."

test:
	@$(SETUP) jupyter
	@$(PROGRAMS) tests
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- --deny warnings
	RUSTDOCFLAGS="--deny warnings" cargo doc --locked --workspace --no-deps
	@for program in names post period record history; do \
		echo "Checking $$program by itself, as its user builds it"; \
		cargo check --quiet --locked --package activity-discord --no-default-features --features $$program || exit 1; done
	"$$ACTIVITY_TOOLS/tests/bin/ruff" check --quiet notebooks
	cargo test --locked --workspace --no-run
	@echo "Rust's tests, and beside them the notebooks', which are shown when all have run"
	@$(MAKE) --no-print-directory --jobs=2 test-rust test-notebooks
	@echo "All tests passed."

# Most tests of programs wait, for a timeout or a window's end, so several run at once.
test-rust:
	$(TEST_ENV) RUST_TEST_THREADS=4 cargo test --locked --workspace
	$(TEST_ENV) $(TESTS) analysis-lib/tests/browser/figures.py "$$ACTIVITY_TOOLS/figures"

test-notebooks:
	@said="$$ACTIVITY_TOOLS/notebooks-tests.txt"; \
		$(TEST_ENV) $(TESTS) -m pytest --numprocesses 2 --dist worksteal notebooks/tests >"$$said" 2>&1; \
		status=$$?; cat "$$said"; exit $$status

lint:
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- --deny warnings
	cargo test --locked --quiet --package analysis-lib --test direction -- --show-output
	@if [ -x "$$ACTIVITY_TOOLS/tests/bin/ruff" ]; then "$$ACTIVITY_TOOLS/tests/bin/ruff" check --quiet notebooks; \
		else echo "Python is not checked: make test installs ruff, which does it."; fi

unit:
	$(NO_SETTINGS) cargo test --locked --package analysis-lib --package activity-data --lib --test direction --test figures --test spline

# The figures that changed stand beside their golden files as NAME-changed.svg.
GOLDEN := analysis-lib/tests/golden
golden:
	@$(NO_SETTINGS) $(if $(ACCEPT),UPDATE_GOLDEN=1) cargo test --locked --quiet --package analysis-lib --test figures figures_are_as_they_were || true
	@mkdir -p "$(REPORT)"
	@{ echo '<!doctype html><meta charset="utf-8"><title>Golden figures that changed</title><table><tr><th>before<th>now'; \
		for now in $(GOLDEN)/*-changed.svg; do [ -f "$$now" ] || continue; \
			before=$${now%-changed.svg}.svg; echo "<tr><td colspan=2>$$before<tr>"; \
			for file in "$$before" "$$now"; do echo '<td>'; cat "$$file" 2>/dev/null || echo 'new'; done; done; } >"$(REPORT)/golden.html"
	@ls $(GOLDEN)/*-changed.svg 2>/dev/null && echo "Look at them in $(REPORT)/golden.html; make golden ACCEPT=1 takes them." || echo "No figure differs from its golden file."

bench:
	@$(SETUP) jupyter
	@$(PROGRAMS) tests
	$(TEST_ENV) cargo bench --locked --bench spline
	$(TEST_ENV) cargo bench --locked --bench growth
	$(NO_SETTINGS) cargo bench --locked --package activity-discord --no-default-features --features history --bench history
	$(TEST_ENV) $(TESTS) notebooks/tests/bench.py

figures:
	@$(SETUP) check
	$(NO_SETTINGS) cargo run --locked --example figures -- "$(REPORT)/figures"
	@echo "Done: open $(REPORT)/figures/index.html in a browser."

# Built first: what crates run when they are built gets no secrets.
names:
	@$(SETUP) names
	@cd notebooks && cargo run --quiet --release --locked --manifest-path ../Cargo.toml --package analysis-lib --example refresh_names

# As above. Cargo becomes the program, which hears the signals.
record history:
	@$(SETUP) $@
	@features="$@ $$($(SETUP) store)" && cd notebooks && exec cargo run --quiet --release --locked --manifest-path ../Cargo.toml --package activity-discord --no-default-features --features "$$features" --bin $@

# As above: the programs that pull and that draw are built without secrets, too.
post:
	@$(SETUP) post
	@cd notebooks && cargo run --quiet --release --locked --manifest-path ../Cargo.toml --package activity-discord --no-default-features --features period --bin post-period

clean:
	rm -rf .tools target notebooks/report
