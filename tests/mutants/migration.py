"""Changes without any effect in what goes with the migration, each with its reason."""

PROJECTION = "MongoDB takes any number but 0 for: show this field"
MADE_BY_ITS_INDEX = "the first index of a collection makes the collection"
RATIO = "only the ratio of both times counts, not how long they are"
HARDLY_EVER = "two numbers with 53 random bits are hardly ever equal"
SIMULATION = "infra/operations/gate/simulation.py"
PAIR = "old, factor = chance.uniform(5, 50), SLOWER if chance.random() < against else 1 / SLOWER"
ROW = 'counted = differed(counted, "f") if chance.random() < wrong else agreed(counted)'
OF_THE_MIGRATION: tuple[tuple[str, str, str, str, str], ...] = (
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
    (
        "chalicelib/repositories/quarantine.py",
        'entries = database[Collections.QUARANTINE].find({"collection": COLLECTION[side].value, **OPEN}, {"_id": 1})',
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
)
