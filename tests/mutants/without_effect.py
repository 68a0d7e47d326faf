"""The list of changes without any effect, which no test can notice: each with its reason.

A change is named by file, line, the text before and the text instead, as ``python -m tests.mutants`` prints it.
"""

from tests.mutants.migration import OF_THE_MIGRATION

TYPES = "a type: mypy reads it, and fails with it; nothing that runs does"
IN_MEMORY = "where findings wait until they are printed: in memory or in a file"
WALKING = "infra/operations/walking.py"
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
            "chalicelib/api/v2/configuration_bodies.py",
            'raise PydanticCustomError("zone", "not an IANA zone such as Europe/Berlin")',
            "'zone'",
            "'Xzone'",
            "pydantic asks for a name of the error, which nobody is shown",
        ),
        *((WALKING, KEPT, "1000000", after, IN_MEMORY) for after in ("1000001", "10000000")),
        (
            "chalicelib/repositories/series.py",
            "parts = database.get_collection(Collections.SERIES, codec_options=WITHOUT_DECIMALS)",
            "database.get_collection(Collections.SERIES, codec_options=WITHOUT_DECIMALS)",
            "(database.get_collection(Collections.SERIES))",
            "no amount is a field of a part: decoding takes twice as long, and finds the same",
        ),
        *(
            (
                "chalicelib/repositories/point_batches.py",
                text,
                "True",
                "False",
                "both are of one table, so of one length",
            )
            for text in (
                "first, dates, second, lows, highs, ends = zip(*_FORM.iter_unpack(batch), strict=True)",
                "return packed([low * factors[high] for low, high in zip(lows, highs, strict=True)])",
            )
        ),
        (
            "chalicelib/repositories/whole_meters.py",
            "parts = owned.of_meter(Collections.SERIES, meter[1], codec=WITHOUT_DECIMALS)",
            "owned.of_meter(Collections.SERIES, meter[1], codec=WITHOUT_DECIMALS)",
            "(owned.of_meter(Collections.SERIES, meter[1]))",
            "no amount is a field of a part: decoding takes twice as long, and finds the same",
        ),
        (
            "chalicelib/api/compression.py",
            "return 1.0",
            "1.0",
            "2.0",
            "every weight above nought is a yes",
        ),
        (
            "chalicelib/services/recording/csv_import.py",
            "continue",
            "continue",
            "pass",
            "the last statement of a loop's body",
        ),
        *OF_THE_MIGRATION,
    )
}
