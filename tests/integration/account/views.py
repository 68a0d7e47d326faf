"""Everything that somebody sees, and ids that must make no difference to it."""

from collections.abc import Iterator

from chalicelib.domain.json.text import json_text
from chalicelib.domain.readings import to_ms
from chalicelib.services.display.display import Timeline, View
from tests.integration.account.person import GAS, POWER, WHEN, Person

ODD = ["$$NOW", "$.", "$userId", "a..b", "a|power", "^.*$", "[red] %s {0}"]
RANGE = Timeline(to_ms(WHEN.replace(year=2021)), to_ms(WHEN), 7)
INSIDE = Timeline(to_ms(WHEN.replace(year=2022, month=3)), to_ms(WHEN.replace(year=2022, month=7)), 3)


def seen(person: Person) -> Iterator[View]:
    """Every view there is, as it is stored, and as it is once every write is in it."""
    display, user = person.container.display, person.user
    for consistent in (False, True):
        for kind in (POWER, GAS):
            for year in (2020, 2022, 2023):
                yield display.monthly(user, kind, year, consistent=consistent)
            for timeline in (Timeline(), RANGE, INSIDE):
                yield display.histogram(user, kind, timeline, consistent=consistent)
            yield display.summary(user, kind, consistent=consistent)
        yield from display.summaries(user, consistent=consistent).values()


def shown(person: Person) -> list[str]:
    """The figures of every view, and how new they are."""
    return [json_text(view.data) + view.etag for view in seen(person)]
