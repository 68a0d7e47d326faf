"""Figures of the rollout as programs see them."""

from typing import Any

from chalicelib.domain.backends.backend import Backend
from chalicelib.domain.migration.records.comparison_log import Sighting
from chalicelib.domain.migration.records.feedback import GivenFeedback
from chalicelib.domain.migration.records.figures import BackendFigures, ComponentFigures
from chalicelib.domain.migration.status.blocks import FingerprintSeen
from chalicelib.domain.readings import moment
from chalicelib.services.migration.figures.component_reports import ComponentReport

Members = dict[str, Any]


def report_document(report: ComponentReport) -> Members:
    """Everything about one component."""
    return {
        "component": report.component.value,
        "hours": [_hour_document(hour) for hour in report.hours],
        "fingerprints": [
            FingerprintSeen.of(group).as_document() | {"examples": [_example_document(each) for each in group.examples]}
            for group in report.groups
        ],
        "feedback": [_feedback_document(given) for given in report.feedback],
    }


def backend_document(figures: BackendFigures) -> Members:
    """Answers of one backend; durations in milliseconds."""
    percentiles = {"p50": figures.p50, "p95": figures.p95, "p99": figures.p99}
    return {
        "answers": figures.answers,
        "failures": figures.failures,
        **{name: None if found is None else round(found, 1) for name, found in percentiles.items()},
    }


def _hour_document(hour: ComponentFigures) -> Members:
    return {
        "at": moment(hour.since),
        "people": hour.people,
        "onNew": hour.people_on_new,
        **{backend.value: backend_document(hour.backends[backend]) for backend in Backend},
    }


def _example_document(sighting: Sighting) -> Members:
    return {
        "at": moment(sighting.at),
        "user": sighting.user,
        "place": sighting.place,
        "old": sighting.control,
        "new": sighting.candidate,
    }


def _feedback_document(given: GivenFeedback) -> Members:
    return {
        "at": moment(given.at),
        "user": given.user,
        "backend": given.feedback.backend.value,
        "state": str(given.state),
        "parameters": given.asked,
    }
