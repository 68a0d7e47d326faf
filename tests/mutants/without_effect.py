"""The list of changes without any effect, which no test can notice: each with its reason.

A change is named by file, line, the text before and the text instead, as ``python -m tests.mutants`` prints it.
"""

TYPES = "a type: mypy reads it, and fails with it; nothing that runs does"
PROJECTION = "MongoDB takes any number but 0 for: show this field"
MADE_BY_ITS_INDEX = "the first index of a collection makes the collection"
RATIO = "only the ratio of both times counts, not how long they are"
HARDLY_EVER = "two numbers with 53 random bits are hardly ever equal"
IN_MEMORY = "where findings wait until they are printed: in memory or in a file"
SIMULATION, WALKING = "infra/operations/gate/simulation.py", "infra/operations/walking.py"
PAIR = "old, factor = chance.uniform(5, 50), SLOWER if chance.random() < against else 1 / SLOWER"
ROW = 'counted = differed(counted, "f") if chance.random() < wrong else agreed(counted)'
KEPT = "IN_MEMORY = 1_000_000  # bytes of findings; more of them wait in a file"
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
        *(
            (SIMULATION, PAIR, before, after, RATIO)
            for before, after in (("5", "6"), ("5", "50"), ("50", "51"), ("50", "500"))
        ),
        (SIMULATION, PAIR, "chance.random() < against", "(chance.random() <= against)", HARDLY_EVER),
        (SIMULATION, ROW, "chance.random() < wrong", "(chance.random() <= wrong)", HARDLY_EVER),
        *((WALKING, KEPT, "1000000", after, IN_MEMORY) for after in ("1000001", "10000000")),
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
