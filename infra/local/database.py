"""What a stack does to its database before the API uses it: migrations, and meters that a crash left behind.

The only module of this package that imports the application, so import it where it is needed: an application that
does not import must not take ``down`` and ``status`` along.
"""

from chalicelib.bootstrap.operations import shell_operations
from chalicelib.domain.errors import EnergyMonitorError
from chalicelib.repositories.database import MongoDatabase, open_database
from infra.errors import OperatorError
from infra.local.layout import Layout
from migrations import runner
from migrations.errors import MigrationError

CATCH_UP_SECONDS = 60.0  # what is left after it, the sweeper takes over


def prepare(layout: Layout) -> str:
    """Apply missing migrations and refresh meters whose event got lost; say what was done."""
    database = open_database(layout.mongodb_uri, layout.database)
    try:
        applied = _migrate(database)
        refreshed = shell_operations(database).sweeper.run_at_once(CATCH_UP_SECONDS).refreshed
    except EnergyMonitorError as error:
        raise OperatorError(f"The database at {layout.mongodb_hosts} cannot be prepared: {error}.") from error
    finally:
        database.client.close()
    migrations = f"applied {', '.join(applied)}" if applied else "no migration to apply"
    return migrations + (f", meters caught up: {refreshed}" if refreshed else "")


def _migrate(database: MongoDatabase) -> list[str]:
    """What the sync mode does not allow yet waits for the operator."""
    try:
        return runner.up(database)
    except MigrationError as error:
        raise OperatorError(f"The database could not be migrated: {error}") from error
