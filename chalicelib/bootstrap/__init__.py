"""The composition root: the only place that names concrete adapters. Each module imports only what it composes."""
