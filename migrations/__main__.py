"""``python -m migrations``: the entry point; the commands are in ``infra.operations.migrate``.

It names them as text: scripts and runner are used by infra, and know nothing of it.
"""

from runpy import run_module

if __name__ == "__main__":
    run_module("infra.operations.migrate.commands", run_name="__main__")
