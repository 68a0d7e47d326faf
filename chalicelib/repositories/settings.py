"""User settings: the zone in which a user's dates are read, and the tolerance around month ends."""

from zoneinfo import ZoneInfo

from pymongo.client_session import ClientSession

from chalicelib.domain.ports import UserSettings
from chalicelib.domain.readings import DEFAULT_TOLERANCE_DAYS, DEFAULT_ZONE
from chalicelib.repositories.database import READ_SECONDS, Collections, MongoDatabase, time_limit
from chalicelib.repositories.scoped import ScopedCollection


class MongoSettingsRepository:
    """Implements ``SettingsRepository``."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    def find(self, user_id: str) -> UserSettings:
        """The user's settings, or the defaults."""
        with time_limit(READ_SECONDS):
            return settings_of(self._database, user_id, None)


def settings_of(database: MongoDatabase, user_id: str, session: ClientSession | None) -> UserSettings:
    """The settings as a session sees them."""
    found = ScopedCollection(database[Collections.SETTINGS], user_id, session).find_one({"_id": user_id})
    if found is None:
        return UserSettings()
    return UserSettings(ZoneInfo(found.get("zone", DEFAULT_ZONE)), found.get("toleranceDays", DEFAULT_TOLERANCE_DAYS))
