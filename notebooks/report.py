"""Runs notebooks without a person and writes one self-contained page each.

    report.py OUTPUT_FOLDER NOTEBOOK…

The kernel calls a cell "ok" though its `?` failed, and says what went wrong on
standard error. So anything there is a failure here: the message is printed, no
page is written, and the exit status is 1.
"""

import pathlib
import queue
import sys

import jinja2
import nbclient
import nbclient.util
import nbconvert
import nbformat

# The page of JupyterLab's own export, without its scripts, which come from
# other hosts. The policy makes sure of it. Figures don't break over pages.
TEMPLATE = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}
<meta http-equiv="Content-Security-Policy"
      content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:">
{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block html_head_css -%}
<style>
  main { max-width: 60rem; margin: 0 auto; }
  .jp-InputPrompt, .jp-OutputPrompt { display: none; }
  @page { size: A4; margin: 14mm; }
  @media print {
    main { max-width: none; }
    .jp-OutputArea-child, .jp-InputArea { break-inside: avoid; }
    h1, h2 { break-after: avoid; }
    .jp-OutputArea-output svg { max-width: 100%; height: auto; }
  }
</style>
{%- endblock -%}
{%- block footer_js -%}{%- endblock -%}
"""


class CellFailed(Exception):
    """A cell that printed an error."""


def failure(outputs):
    """What a cell's outputs say went wrong, or nothing."""
    said = [
        output.get("text", "") if output.output_type == "stream"
        else f"{output.ename}: {output.evalue}"
        for output in outputs
        if output.output_type == "error" or output.get("name") == "stderr"
    ]
    return "".join(said).strip()


# The kernel passes standard error on beside all else: it may come after the
# kernel has said that the cell is done, and then within milliseconds.
LATE_SECONDS = 0.2


def late_outputs(client):
    """What comes after the cell is done."""
    receive = nbclient.util.run_sync(client.kc.get_iopub_msg)
    outputs = []
    while True:
        try:
            message = receive(timeout=LATE_SECONDS)
        except queue.Empty:
            return outputs
        if message["msg_type"] in ("stream", "error"):
            outputs.append(nbformat.v4.output_from_msg(message))


def run(path):
    """The notebook with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook,
        timeout=None,
        startup_timeout=180,
        resources={"metadata": {"path": str(path.parent)}},
    )
    code = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    with client.setup_kernel():
        for number, index in enumerate(code, 1):
            cell = notebook.cells[index]
            try:
                client.execute_cell(cell, index)
            except nbclient.exceptions.CellExecutionError:
                pass  # The error is among the outputs.
            if said := failure(cell.outputs + late_outputs(client)):
                raise CellFailed(f"cell {number} failed:\n  {cell.source}\n{said}")
            print(f"{path.stem}: cell {number} of {len(code)}", flush=True)
    return notebook


def page(notebook, title):
    """The notebook as one HTML page that needs nothing else."""
    exporter = nbconvert.HTMLExporter(
        extra_loaders=[jinja2.DictLoader({"report.html.j2": TEMPLATE})],
        template_file="report.html.j2",
        embed_images=True,
    )
    notebook.metadata["title"] = title
    return exporter.from_notebook_node(notebook)[0]


def main(folder, *paths):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    targets = {path: folder / f"{path.stem}.html" for path in map(pathlib.Path, paths)}
    # A page of an earlier run must not pass for this one's, whichever fails.
    for target in targets.values():
        target.unlink(missing_ok=True)
    for path, target in targets.items():
        try:
            notebook = run(path.resolve())
        except (CellFailed, nbclient.exceptions.DeadKernelError) as error:
            sys.exit(f"{path}: {error}")
        target.write_text(page(notebook, path.stem.replace("-", " ").title()), encoding="utf-8")
        print(f"wrote {target}")


if __name__ == "__main__":
    main(*sys.argv[1:])
