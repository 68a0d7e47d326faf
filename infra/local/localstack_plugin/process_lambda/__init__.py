"""A LocalStack plugin: Lambda functions run as plain processes, and one port serves one deployed REST API.

What LocalStack calls lies here, as ``pyproject.toml`` names it; what that stands on in ``functions`` and ``gateway``.
``functions.executor`` speaks to LocalStack too; the other modules of both know nothing of it.
"""
