"""A part of Jupyter's server: starts the kernel of the notebook that the server
opens at once, while the page still loads.

The session is the server's own, for the notebook's path: the page connects to it,
and the server ends it. `make notebook` starts the server in this file's folder, where
Python finds it.
"""

import pathlib


async def start_kernel(server):
    try:
        notebook = pathlib.Path(server.file_to_run).resolve()
        path = notebook.relative_to(pathlib.Path(server.root_dir).resolve()).as_posix()
        await server.session_manager.create_session(path=path, name=notebook.name, type="notebook", kernel_name="rust")
    except Exception as error:
        # The page starts a kernel where there is none, and says what is wrong.
        server.log.warning("No kernel was started ahead: %s", error)


def _load_jupyter_server_extension(server):
    if server.file_to_run:
        server.io_loop.add_callback(start_kernel, server)
