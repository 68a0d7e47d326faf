"""A LocalStack plugin: Lambda functions run as plain processes, and one port serves one deployed REST API.

This folder has what LocalStack calls, as ``pyproject.toml`` names it; ``functions`` and ``gateway`` have what it uses.
``functions.executor`` speaks to LocalStack too; the other modules of both know nothing of it.
"""
