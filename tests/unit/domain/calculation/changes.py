"""Changes of random meters: what came, went, moved or is another, with the instants that a dirty range would hold."""

from hypothesis import strategies as st

from chalicelib.domain.readings import Reading
from tests.unit.domain.calculation.building import at
from tests.unit.domain.calculation.meters import HOUR_MS, Meter, gaps, meter_exchanges, thousandths

Change = tuple[Meter, list[int]]

new_instants = st.integers(at("2021-06-01"), at("2026-06-01")).map(lambda t: t - t % HOUR_MS)


def insert(meter: Meter, data: st.DataObject) -> Change:
    instants = [st.sampled_from([x.instant for x in meter.exchanges])] if meter.exchanges else []
    reading = Reading(data.draw(st.one_of(new_instants, *instants)), data.draw(thousandths(0, 9_999_999)))
    others = [other for other in meter.readings if other.instant != reading.instant]
    return meter._replace(readings=[*others, reading]), [reading.instant]


def delete(meter: Meter, data: st.DataObject) -> Change:
    gone = data.draw(st.sampled_from(meter.readings))
    return meter._replace(readings=[r for r in meter.readings if r != gone]), [gone.instant]


def update_amount(meter: Meter, data: st.DataObject) -> Change:
    old = data.draw(st.sampled_from(meter.readings))
    new = old._replace(amount=data.draw(thousandths(0, 9_999_999)))
    return meter._replace(readings=[new if r == old else r for r in meter.readings]), [old.instant]


def update_date(meter: Meter, data: st.DataObject) -> Change:
    old = data.draw(st.sampled_from(meter.readings))
    new = old._replace(instant=data.draw(new_instants))
    others = [r for r in meter.readings if r.instant not in (old.instant, new.instant)]
    return meter._replace(readings=[*others, new]), [old.instant, new.instant]


def bulk_import(meter: Meter, data: st.DataObject) -> Change:
    instant, readings = data.draw(new_instants), list(meter.readings)
    taken, changed = {r.instant for r in readings}, [instant]
    for gap in data.draw(st.lists(gaps, min_size=1, max_size=6)):
        if instant not in taken:
            readings.append(Reading(instant, data.draw(thousandths(0, 9_999_999))))
            changed.append(instant)
        instant += gap
    return meter._replace(readings=readings), changed


def delete_a_stretch(meter: Meter, data: st.DataObject) -> Change:
    first, last = sorted(data.draw(st.tuples(st.sampled_from(meter.readings), st.sampled_from(meter.readings))))
    kept = [r for r in meter.readings if not first.instant <= r.instant <= last.instant]
    return meter._replace(readings=kept), [first.instant, last.instant]


def add_exchange(meter: Meter, data: st.DataObject) -> Change:
    exchange = data.draw(meter_exchanges(meter.readings))
    others = [x for x in meter.exchanges if x.instant != exchange.instant]
    return meter._replace(exchanges=[*others, exchange]), [exchange.instant]


def remove_exchange(meter: Meter, data: st.DataObject) -> Change:
    gone = data.draw(st.sampled_from(meter.exchanges))
    return meter._replace(exchanges=[x for x in meter.exchanges if x != gone]), [gone.instant]


NEEDS_NOTHING = [insert, bulk_import, add_exchange]
NEEDS_READINGS = [delete, update_amount, update_date, delete_a_stretch]


def change(meter: Meter, data: st.DataObject) -> Change:
    possible = [*NEEDS_NOTHING]
    if meter.readings:
        possible += NEEDS_READINGS
    if meter.exchanges:
        possible.append(remove_exchange)
    return data.draw(st.sampled_from(possible))(meter, data)
