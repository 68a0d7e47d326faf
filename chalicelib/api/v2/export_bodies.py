"""The query of an export, and the model of its JSON document, which ``chalicelib.domain.files.export`` writes."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from chalicelib.api.bodies import LAST_DATE, Amount, Body, DateText, Moment
from chalicelib.api.v2.configuration_bodies import Modulus
from chalicelib.domain.readings import EnergyType

FIRST_PAGE = "on the first page alone, and whole, whatever range was asked for"


class ExportQuery(Body):
    """Which readings to export and how: as CSV for spreadsheets, or as JSON with settings, meters and exchanges."""

    format: Literal["csv", "json"] = "csv"
    type: EnergyType | None = None
    first: Annotated[DateText | None, Field(alias="from")] = None
    last: Annotated[DateText | None, Field(alias="to", description=LAST_DATE)] = None
    decimal: Annotated[
        Literal[".", ","],
        Field(description="the decimal sign of a CSV file; with a comma, semicolons separate the cells"),
    ] = "."
    cursor: Annotated[str | None, Field(max_length=200, description="from the Link header of the page before")] = None


class ExportedExchangeBody(Body):
    """A meter exchange."""

    date: Moment
    final_old: Amount
    initial_new: Amount


class ExportedMeterBody(Body):
    """What is known of a meter besides its readings; a modulus that is not known is null."""

    type: EnergyType
    modulus: Modulus | None
    runs_backwards: bool
    exchanges: list[ExportedExchangeBody]


class ExportedReadingBody(Body):
    """A reading, its date local with offset."""

    type: EnergyType
    date: Moment
    amount: Amount


class ExportedSettingsBody(Body):
    """The user's zone."""

    zone: str


class ExportBody(Body):
    """One page of an export."""

    export_version: Literal[1]
    exported_at: Moment
    settings: Annotated[ExportedSettingsBody | SkipJsonSchema[None], Field(description=FIRST_PAGE)] = None
    meters: Annotated[list[ExportedMeterBody] | SkipJsonSchema[None], Field(description=FIRST_PAGE)] = None
    readings: list[ExportedReadingBody]
