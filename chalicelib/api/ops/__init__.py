"""Operators' routes: ``/ops/...``. Every one of them asks for the role on the server."""
