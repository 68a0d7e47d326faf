"""The list of changes without any effect, which no test can notice: each with its reason.

A change is named by file, line, the text before and the text instead, as ``python -m tests.mutants`` prints it.
"""

TYPES = "a type: mypy reads it, and fails with it; nothing that runs does"
PROJECTION = "MongoDB takes any number but 0 for: show this field"
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
            "chalicelib/repositories/quarantine.py",
            "entries = database[Collections.QUARANTINE]"
            '.find({"collection": COLLECTION[side].value, **OPEN}, {"_id": 1})',
            "1",
            "2",
            PROJECTION,
        ),
        (
            "chalicelib/repositories/repaired.py",
            'fields = {"userId": 1, "type": 1, "side": 1, "reading": 1}',
            "1",
            "2",
            PROJECTION,
        ),
        (
            "chalicelib/repositories/series.py",
            "parts = database.get_collection(Collections.SERIES, codec_options=WITHOUT_DECIMALS)",
            "database.get_collection(Collections.SERIES, codec_options=WITHOUT_DECIMALS)",
            "(database.get_collection(Collections.SERIES))",
            "no amount is a field of a part: decoding takes twice as long, and finds the same",
        ),
    )
}
