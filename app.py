"""Energy Monitor: the application's table of contents. Routes and functions live in chalicelib."""

import gc

gc.disable()  # what imports make stays: looking through it again and again takes a tenth of a start

from chalice import Chalice

from chalicelib.api import fallback, health
from chalicelib.api.components import export as components_export
from chalicelib.api.components import (
    forms,
    views,
    witness,
)
from chalicelib.api.components import openapi as components_openapi
from chalicelib.api.ops import actions, alarms, dead_letters, staleness
from chalicelib.api.ops import openapi as ops_openapi
from chalicelib.api.ops.migration import components as ops_components
from chalicelib.api.ops.migration import flags, gate, retirement, rollouts, status, sync_mode, verify
from chalicelib.api.v1 import energy as v1_energy
from chalicelib.api.v1 import fallback as v1_fallback
from chalicelib.api.v1 import openapi as v1_openapi
from chalicelib.api.v1 import views as v1_views
from chalicelib.api.v2 import account, display, energy, exchanges, export, imports, openapi, settings
from chalicelib.api.web import routes as web
from chalicelib.handlers import (
    account_eraser,
    census_taker,
    comparer,
    display_data,
    range_worker,
    rollout_carrier,
    status_reporter,
    sweeper,
    sync_job,
)

app = Chalice(app_name="energy-monitor", configure_logs=False)  # the application logs by itself, as JSON lines
# Bytes pass in both directions, whatever their type: infra/resources.yaml says so to API Gateway, and ``Answer``
# encodes them. Chalice's own way answers 400, in a shape of its own, to a request without an Accept header.
app.api.binary_types = []

# HTTP
app.register_blueprint(health.routes)
app.register_blueprint(v1_energy.routes)
app.register_blueprint(v1_views.routes)
app.register_blueprint(v1_openapi.routes)
app.register_blueprint(energy.routes)
app.register_blueprint(imports.routes)
app.register_blueprint(export.routes)
app.register_blueprint(display.routes)
app.register_blueprint(exchanges.routes)
app.register_blueprint(settings.routes)
app.register_blueprint(account.routes)
app.register_blueprint(openapi.routes)
app.register_blueprint(views.routes)
app.register_blueprint(forms.routes)
app.register_blueprint(components_export.routes)
app.register_blueprint(witness.routes)
app.register_blueprint(components_openapi.routes)
app.register_blueprint(flags.routes)
app.register_blueprint(rollouts.routes)
app.register_blueprint(ops_components.routes)
app.register_blueprint(gate.routes)
app.register_blueprint(retirement.routes)
app.register_blueprint(dead_letters.routes)
app.register_blueprint(staleness.routes)
app.register_blueprint(sync_mode.routes)
app.register_blueprint(verify.routes)
app.register_blueprint(alarms.routes)
app.register_blueprint(actions.routes)
app.register_blueprint(ops_openapi.routes)
app.register_blueprint(status.routes)
app.register_blueprint(web.routes)
app.register_blueprint(v1_fallback.routes)
app.register_blueprint(fallback.routes)

# Functions that EventBridge calls
app.register_blueprint(display_data.blueprint)

# The function that a queue calls
app.register_blueprint(range_worker.blueprint)

# Functions that a schedule calls
app.register_blueprint(sync_job.blueprint)
app.register_blueprint(comparer.blueprint)
app.register_blueprint(census_taker.blueprint)
app.register_blueprint(sweeper.blueprint)
app.register_blueprint(account_eraser.blueprint)
app.register_blueprint(status_reporter.blueprint)
app.register_blueprint(rollout_carrier.blueprint)

gc.freeze()  # nor is it looked through later
gc.enable()
