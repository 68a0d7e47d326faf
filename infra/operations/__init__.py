"""The operator's commands, ``python -m infra ...``: a module or a folder for each, with what prints its answer."""
