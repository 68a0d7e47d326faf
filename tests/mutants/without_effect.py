"""The list of changes without any effect, which no test can notice: each with its reason.

A change is named by file, line, the text before and the text instead, as ``python -m tests.mutants`` prints it.
"""

TYPES = "a type: mypy reads it, and fails with it; nothing that runs does"
PROJECTION = "MongoDB takes any number but 0 for: show this field"
MADE_BY_ITS_INDEX = "the first index of a collection makes the collection"
WITHOUT_EFFECT: dict[tuple[str, str, str, str], str] = {
    (file, text, before, after): reason
    for file, text, before, after, reason in (
        (
            "chalicelib/api/operation.py",
            'Conditional = Literal["If-Match", "If-None-Match"]',
            "'If-None-Match'",
            "'XIf-None-Match'",
            TYPES,
        ),
        (
            "chalicelib/api/operation.py",
            'Conditional = Literal["If-Match", "If-None-Match"]',
            "'If-Match'",
            "'XIf-Match'",
            TYPES,
        ),
        (
            "chalicelib/repositories/control.py",
            'READ_FOR_A_WRITE: Document = {**READ, "changes": {"$slice": -1}, "opensAt": 1, "erasedAt": 1}',
            "1",
            "2",
            f"{PROJECTION}; of the latest changes the last one counts",
        ),
        (
            "chalicelib/repositories/control.py",
            'READ: Document = {"mode": 1, "since": 1, "catchingUp": 1, "fullDrainSeconds": 1, "readAt": "$$NOW"}',
            "1",
            "2",
            PROJECTION,
        ),
        (
            "migrations/001_create_display_collection.py",
            "database.create_collection(name)",
            "database.create_collection(name)",
            "pass",
            MADE_BY_ITS_INDEX,
        ),
        (
            "migrations/005_create_usage_collections.py",
            "database.create_collection(name)",
            "database.create_collection(name)",
            "pass",
            MADE_BY_ITS_INDEX,
        ),
        (
            "migrations/007_create_flag_history.py",
            "database.create_collection(NAME)",
            "database.create_collection(NAME)",
            "pass",
            MADE_BY_ITS_INDEX,
        ),
        (
            "migrations/008_create_repaired_readings.py",
            "database.create_collection(NAME)",
            "database.create_collection(NAME)",
            "pass",
            MADE_BY_ITS_INDEX,
        ),
        (
            "migrations/010_create_imports.py",
            "database.create_collection(NAME)",
            "database.create_collection(NAME)",
            "pass",
            MADE_BY_ITS_INDEX,
        ),
        (
            "migrations/011_create_feedback.py",
            "database.create_collection(name)",
            "database.create_collection(name)",
            "pass",
            MADE_BY_ITS_INDEX,
        ),
        (
            "migrations/013_create_figures_of_use.py",
            "database.create_collection(name)",
            "database.create_collection(name)",
            "pass",
            MADE_BY_ITS_INDEX,
        ),
        (
            "migrations/015_create_gate_evidence.py",
            "database.create_collection(name)",
            "database.create_collection(name)",
            "pass",
            MADE_BY_ITS_INDEX,
        ),
    )
}
