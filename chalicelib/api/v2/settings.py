"""The routes of a user's settings (zone, registers): ``/v2/settings``."""

from chalice import Response

from chalicelib.api.answers import json_answer
from chalicelib.api.endpoint import Call
from chalicelib.api.routes import Routes
from chalicelib.api.v2.configuration_bodies import ChangedBody, DirectionsBody, ModuliBody, SettingsBody
from chalicelib.domain.readings import EnergyType

routes = Routes(__name__)


@routes.operation("GET", "/v2/settings", answers=(SettingsBody,))
def show_settings(call: Call) -> Response:
    """The zone, and what the registers are like."""
    configuration = call.container.configuration
    settings = configuration.settings(call.user_id)
    meters = {kind.value: configuration.configuration(call.user_id, kind) for kind in EnergyType}
    body = SettingsBody(
        zone=settings.zone.key,
        moduli=ModuliBody(**{kind: meter.modulus for kind, meter in meters.items()}),
        runs_backwards=DirectionsBody(**{kind: meter.runs_backwards for kind, meter in meters.items()}),
    )
    return json_answer(body.as_json())


@routes.operation("PUT", "/v2/settings", answers=(ChangedBody,))
def change_settings(call: Call, body: SettingsBody) -> Response:
    """Replace zone and registers; answers with the meters whose figures are calculated again."""
    changed = call.container.configuration.change(call.user_id, body.settings(), body.registers())
    return json_answer(ChangedBody(meters=list(changed)).as_json())
