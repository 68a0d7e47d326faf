"""Energy Monitor: the application's table of contents. Routes and functions live in chalicelib."""

from chalice import Chalice

from chalicelib.api import health
from chalicelib.api.components import fallback as components_fallback
from chalicelib.api.components import forms, operations, views
from chalicelib.api.ops import flags
from chalicelib.api.v1 import energy as v1_energy
from chalicelib.api.v1 import fallback as v1_fallback
from chalicelib.api.v1 import views as v1_views
from chalicelib.api.v2 import display, energy, exchanges, fallback, openapi, settings
from chalicelib.handlers import comparer, display_data, sweeper, sync_job

app = Chalice(app_name="energy-monitor", configure_logs=False)  # the application logs by itself, as JSON lines
app.api.binary_types.append("text/csv")  # files arrive byte for byte, whatever their encoding

# HTTP
app.register_blueprint(health.blueprint)
app.register_blueprint(v1_energy.blueprint)
app.register_blueprint(v1_views.blueprint)
app.register_blueprint(v1_fallback.blueprint)
app.register_blueprint(energy.blueprint)
app.register_blueprint(display.blueprint)
app.register_blueprint(exchanges.blueprint)
app.register_blueprint(settings.blueprint)
app.register_blueprint(openapi.blueprint)
app.register_blueprint(fallback.blueprint)
app.register_blueprint(views.blueprint)
app.register_blueprint(forms.blueprint)
app.register_blueprint(operations.blueprint)
app.register_blueprint(components_fallback.blueprint)
app.register_blueprint(flags.blueprint)

# Functions that EventBridge calls
app.register_blueprint(display_data.blueprint)

# Functions that a schedule calls
app.register_blueprint(sync_job.blueprint)
app.register_blueprint(comparer.blueprint)
app.register_blueprint(sweeper.blueprint)
