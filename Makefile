# make notebook   set up what is missing and open JupyterLab on the study
# make test       set up what is missing and run every test
# make report     run both notebooks into notebooks/report/*.html
# make bench      print the measurements (three quarters of an hour)
# make figures    draw every kind of figure onto one page to look at
# make names      ask Discord for the members' names
#
# Everything that is installed goes into $(TOOLS), nothing outside the project.
TOOLS ?= $(CURDIR)/.tools
STATE ?= $(TOOLS)/state
PYTHON ?= python3
JUPYTER_ARGS ?=

export TOOLS PYTHON

JUPYTER := $(TOOLS)/jupyter/bin/python
TESTS := $(TOOLS)/tests/bin/python
SETUP := notebooks/setup.sh

# Jupyter's settings, state and trust: the project's own, not the user's.
JUPYTER_HOME = JUPYTER_CONFIG_DIR=$(STATE)/config \
	JUPYTER_DATA_DIR=$(STATE)/data \
	JUPYTER_RUNTIME_DIR=$(STATE)/runtime \
	JUPYTERLAB_SETTINGS_DIR=$(STATE)/settings \
	JUPYTERLAB_WORKSPACES_DIR=$(STATE)/workspaces \
	IPYTHONDIR=$(STATE)/ipython \
	JUPYTER_NO_CONFIG=

.PHONY: notebook test report bench figures names setup clean

.DEFAULT_GOAL := notebook

setup:
	@$(SETUP) jupyter
	@$(SETUP) pull

notebook: setup
	@echo "Opening the study in JupyterLab. Run it with Run > Run All Cells; stop JupyterLab with Ctrl+C here."
	@cd notebooks && exec env $(JUPYTER_HOME) $(JUPYTER) -m jupyterlab server-activity-analysis.ipynb $(JUPYTER_ARGS)

report:
	@$(SETUP) jupyter
	@$(SETUP) pull
	@$(JUPYTER_HOME) $(JUPYTER) notebooks/report.py notebooks/report notebooks/*.ipynb
	@echo "Done: open notebooks/report/*.html in a browser."

# The tests' own programs, for Rust and Python alike.
TEST_ENV = REFERENCE_PYTHON=$(TESTS) MONGOD="$$($(SETUP) mongod)" CHROMIUM="$$($(SETUP) chromium)" \
	JUPYTER_PATH=$(TOOLS)/jupyter/share/jupyter

test:
	@$(SETUP) jupyter
	@$(SETUP) tests
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets --all-features -- --deny warnings
	RUSTDOCFLAGS="--deny warnings" cargo doc --locked --workspace --all-features --no-deps
	$(TEST_ENV) cargo test --locked --workspace --all-features
	$(TEST_ENV) $(TESTS) analysis-lib/tests/browser/figures.py $(TOOLS)/figures
	$(TEST_ENV) $(TESTS) -m pytest notebooks/tests
	@echo "All tests passed."

bench:
	@$(SETUP) jupyter
	@$(SETUP) tests
	$(TEST_ENV) cargo bench --locked --bench spline
	$(TEST_ENV) cargo bench --locked --bench growth
	$(TEST_ENV) $(TESTS) notebooks/tests/bench.py

figures:
	cargo run --locked --example figures -- notebooks/report/figures
	@echo "Done: open notebooks/report/figures/index.html in a browser."

names:
	@cd notebooks && cargo run --quiet --release --locked --manifest-path ../Cargo.toml --example refresh_names

clean:
	rm -rf $(TOOLS) notebooks/report
	cargo clean
