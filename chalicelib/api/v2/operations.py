"""The operations of version 2 as its OpenAPI document lists them: what each takes and how it may answer.

Every answer that an operation can give stands here; schemathesis holds the application to it.
"""

from http import HTTPStatus
from typing import Literal

from pydantic import Field

from chalicelib.api.bodies import Body
from chalicelib.api.operation import Operation
from chalicelib.api.v2 import display, energy, exchanges, settings
from chalicelib.api.v2.configuration_bodies import (
    ChangedBody,
    ExchangeBody,
    ExchangeListBody,
    ExchangeListQuery,
    RecordedExchangeBody,
    SettingsBody,
)
from chalicelib.api.v2.display_bodies import DisplayMeta, DisplayQuery
from chalicelib.api.v2.import_bodies import ImportQuery, ImportReportBody
from chalicelib.api.v2.reading_bodies import (
    CorrectionBody,
    ReadingBody,
    ReadingListBody,
    ReadingListQuery,
    RecordedBody,
    StoredReadingBody,
)
from chalicelib.domain.calculation.histogram import Histogram
from chalicelib.domain.calculation.monthly import MonthlyEntry
from chalicelib.domain.calculation.summary_cards import SummaryCards
from chalicelib.domain.readings import EnergyType

NOT_FOUND, CONFLICT, UNUSABLE = HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY


class MonthlyData(Body):
    """The twelve months of a year."""

    year: int
    months: list[MonthlyEntry] = Field(min_length=12, max_length=12)


class MonthlyDisplay(Body):
    """The months of one year of one meter."""

    type: EnergyType
    data_type: Literal["monthly"]
    year: int
    data: MonthlyData
    meta: DisplayMeta


class HistogramDisplay(Body):
    """How many readings lie in each part of the timeline."""

    type: EnergyType
    data_type: Literal["histogram"]
    year: None
    data: Histogram
    meta: DisplayMeta


class SummaryDisplay(Body):
    """The summary cards for the user's local day."""

    type: EnergyType
    data_type: Literal["summary"]
    year: None
    data: SummaryCards
    meta: DisplayMeta


CREATED, NO_CONTENT = HTTPStatus.CREATED, HTTPStatus.NO_CONTENT
READING = "/v2/energy/{reading_id}"
EXCHANGE = "/v2/exchanges/{exchange_id}"

OPERATIONS = (
    Operation("GET", "/v2/energy", energy.list_readings, answers=(ReadingListBody,), query=ReadingListQuery),
    Operation(
        "POST",
        "/v2/energy",
        energy.create_reading,
        CREATED,
        (RecordedBody,),
        body=ReadingBody,
        headers=("ETag", "Location"),
        refusals=(CONFLICT,),
    ),
    Operation(
        "GET",
        READING,
        energy.show_reading,
        answers=(StoredReadingBody,),
        conditional="If-None-Match",
        headers=("ETag",),
        refusals=(NOT_FOUND,),
    ),
    Operation(
        "PUT",
        READING,
        energy.update_reading,
        answers=(RecordedBody,),
        body=CorrectionBody,
        conditional="If-Match",
        headers=("ETag",),
        refusals=(NOT_FOUND, CONFLICT),
    ),
    Operation(
        "DELETE",
        READING,
        energy.delete_reading,
        NO_CONTENT,
        conditional="If-Match",
        headers=("X-Source-Version",),
        refusals=(NOT_FOUND, UNUSABLE),
    ),
    Operation(
        "POST",
        "/v2/energy/import",
        energy.import_readings,
        answers=(ImportReportBody,),
        query=ImportQuery,
        file=True,
    ),
    Operation(
        "GET",
        "/v2/display",
        display.show_display,
        answers=(MonthlyDisplay, HistogramDisplay, SummaryDisplay),
        query=DisplayQuery,
        conditional="If-None-Match",
        headers=("ETag",),
    ),
    Operation("GET", "/v2/exchanges", exchanges.list_exchanges, answers=(ExchangeListBody,), query=ExchangeListQuery),
    Operation(
        "POST",
        "/v2/exchanges",
        exchanges.add_exchange,
        CREATED,
        (RecordedExchangeBody,),
        body=ExchangeBody,
        headers=("Location",),
        refusals=(CONFLICT,),
    ),
    Operation(
        "DELETE",
        EXCHANGE,
        exchanges.remove_exchange,
        NO_CONTENT,
        headers=("X-Source-Version",),
        refusals=(NOT_FOUND,),
    ),
    Operation("GET", "/v2/settings", settings.show_settings, answers=(SettingsBody,)),
    Operation("PUT", "/v2/settings", settings.change_settings, answers=(ChangedBody,), body=SettingsBody),
)
