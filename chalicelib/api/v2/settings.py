"""What decides a user's figures besides readings: ``/v2/settings``."""

from chalice import Response

from chalicelib.api.answers import json_answer
from chalicelib.api.endpoint import Call
from chalicelib.api.routes import Routes
from chalicelib.api.v2.configuration_bodies import ChangedBody, ModuliBody, SettingsBody
from chalicelib.domain.readings import EnergyType

routes = Routes(__name__)


@routes.operation("GET", "/v2/settings", answers=(SettingsBody,))
def show_settings(call: Call) -> Response:
    """Zone, tolerance and moduli."""
    configuration = call.container.configuration
    settings = configuration.settings(call.user_id)
    moduli = {kind.value: configuration.configuration(call.user_id, kind).modulus for kind in EnergyType}
    body = SettingsBody(
        zone=settings.zone.key, tolerance_days=settings.tolerance_days, moduli=ModuliBody.model_validate(moduli)
    )
    return json_answer(body.as_json())


@routes.operation("PUT", "/v2/settings", answers=(ChangedBody,))
def change_settings(call: Call, body: SettingsBody) -> Response:
    """Replace zone, tolerance and moduli; answers with the meters whose figures are calculated again."""
    moduli = {EnergyType.POWER: body.moduli.power, EnergyType.GAS: body.moduli.gas}
    changed = call.container.configuration.change(call.user_id, body.settings(), moduli)
    return json_answer(ChangedBody(meters=list(changed)).as_json())
