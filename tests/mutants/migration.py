"""Changes without any effect in what goes with the migration, each with its reason."""

MADE_BY_ITS_INDEX = "the first index of a collection makes the collection"
RATIO = "only the ratio of both times counts, not how long they are"
HARDLY_EVER = "two numbers with 53 random bits are hardly ever equal"
SIMULATION = "infra/operations/gate/simulation.py"
PAIR = "old, factor = chance.uniform(5, 50), SLOWER if chance.random() < against else 1 / SLOWER"
ROW = 'counted = differed(counted, "f") if chance.random() < wrong else agreed(counted)'
OF_THE_MIGRATION: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "chalicelib/repositories/control.py",
        'READ_FOR_A_WRITE: Document = {**READ, "changes": {"$slice": -1}, "opensAt": True, "erasedAt": True}',
        "1",
        "2",
        "of the latest changes the last one counts",
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
        "chalicelib/repositories/sync_control.py",
        'NOWHERE: Document = {"_id": SYNC_MODE, "$nor": [{"_id": SYNC_MODE}]}  # only an insert can follow',
        "'_id'",
        "'X_id'",
        "what is inserted is replaced as a whole, id included; nothing has this field",
    ),
    (
        "migrations/roundtrip.py",
        'trial[Collections.CONTROL].replace_one({"_id": SYNC_MODE}, sync_document(mode, 0), upsert=True)',
        "0",
        "1",
        "a mode of a throw-away copy, since the first or the second millisecond of 1970",
    ),
    (
        "chalicelib/services/migration/status/components.py",
        "percent=float(flag.percent) if flag else 0.0,",
        "0.0",
        "1.0",
        "of a flag that nobody can read the verdict asks for no percentage",
    ),
    (
        SIMULATION,
        'counted = differed(counted, "f") if chance.random() < wrong else agreed(counted)',
        "'f'",
        "'Xf'",
        "any name of a difference that nobody has answered",
    ),
    (
        "chalicelib/flags/appconfig/session.py",
        "self._begun = 0.0",
        "0.0",
        "1.0",
        "nobody asks before a session has begun",
    ),
    (
        "chalicelib/services/migration/sync/consistency.py",
        "return []",
        "return []",
        "return None",
        "either says that nothing was in the way",
    ),
)
