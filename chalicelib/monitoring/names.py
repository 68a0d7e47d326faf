"""Names of the service and its metrics, in one place so that dashboards and alarms can rely on them."""

from enum import StrEnum

SERVICE = "energy-monitor"
NAMESPACE = "EnergyMonitor"


class MetricName(StrEnum):
    """Every metric that the application emits."""

    EVENTS_NOT_PUBLISHED = "EventsNotPublished"
    EVENTS_SENT_AGAIN = "EventsSentAgain"
    EVENTS_TOO_LARGE = "EventsTooLarge"
    EVENTS_OF_UNKNOWN_VERSION = "EventsOfUnknownVersion"
    DISPLAY_REFRESHED = "DisplayRefreshed"
    REFRESH_LAG = "RefreshLag"
    SYNC_LAG = "SyncLag"
    DISPLAY_STALENESS = "DisplayStaleness"
    METERS_LAGGING = "MetersLagging"
    METERS_SWEPT = "MetersSwept"
    METERS_OUTDATED = "MetersOutdated"
    METERS_FAILING = "MetersFailing"
    UNEXPECTED_ERRORS = "UnexpectedErrors"
    BACKEND_DURATION = "BackendDuration"
    BACKEND_FAILURES = "BackendFailures"
    PAGE_FETCH = "PageFetch"
    PAGE_RENDER = "PageRender"
    PAGE_INTERACTION = "PageInteraction"
    PAGE_ERRORS = "PageErrors"
    COMPARISONS_EQUAL = "ComparisonsEqual"
    COMPARISONS_DIFFERENT = "ComparisonsDifferent"
    COMPARISONS_IGNORED = "ComparisonsIgnored"
    COMPARISONS_LAG = "ComparisonsLag"
    COMPARISONS_OTHER_CALCULATION = "ComparisonsOtherCalculation"
    COMPARISONS_FAILED = "ComparisonsFailed"
    FLAGS_NOT_FETCHED = "FlagsNotFetched"
    FLAGS_MALFORMED = "FlagsMalformed"
