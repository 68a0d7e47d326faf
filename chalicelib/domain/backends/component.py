"""The components: the parts of the page, by name."""

from enum import StrEnum


class Component(StrEnum):
    """The parts of the page. Each can be answered by another backend."""

    DASHBOARD = "dashboard"
    ENERGY_TABLE = "energy_table"
    TIMELINE_SLIDER = "timeline_slider"
    MONTHLY_CHARTS = "monthly_charts"
    CSV_IMPORT = "csv_import"
    ENERGY_FORMS = "energy_forms"
