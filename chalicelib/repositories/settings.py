"""User settings: the zone in which a user's dates are read."""

from zoneinfo import ZoneInfo

from pymongo.client_session import ClientSession

from chalicelib.domain.ports import UserSettings
from chalicelib.domain.readings import DEFAULT_ZONE, to_datetime
from chalicelib.repositories.database import READ_SECONDS, Collections, MongoDatabase, time_limit
from chalicelib.repositories.scoped import ScopedCollection


class MongoSettingsRepository:
    """Implements ``SettingsRepository``."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    def find(self, user_id: str) -> UserSettings:
        """The user's settings, or the defaults."""
        with time_limit(READ_SECONDS):
            return MongoSettingsWriter(self._database, user_id, None).get()


class MongoSettingsWriter:
    """Implements ``SettingsWriter`` for one user inside one session."""

    def __init__(self, database: MongoDatabase, user_id: str, session: ClientSession | None) -> None:
        self._settings = ScopedCollection(database[Collections.SETTINGS], user_id, session)
        self._user_id = user_id

    def get(self) -> UserSettings:
        """The settings as the session sees them."""
        found = self._settings.find_one({"_id": self._user_id})
        if found is None:
            return UserSettings()
        return UserSettings(ZoneInfo(found.get("zone", DEFAULT_ZONE)))

    def save(self, settings: UserSettings, now: int) -> None:
        """Replace the user's one document."""
        document = {"_id": self._user_id, "zone": settings.zone.key, "updatedAt": to_datetime(now)}
        self._settings.replace_one({"_id": self._user_id}, document, upsert=True)
