"""What decides a user's figures besides readings: ``/v2/settings``."""

from chalice import Blueprint, Response

from chalicelib.api.answers import json_answer
from chalicelib.api.endpoint import ANY_CONTENT, Call, endpoint, refuse_other_methods
from chalicelib.api.v2.configuration_bodies import ChangedBody, ModuliBody, SettingsBody
from chalicelib.domain.readings import EnergyType

blueprint = Blueprint(__name__)


@blueprint.route("/v2/settings", methods=["GET"], content_types=ANY_CONTENT)
@endpoint(blueprint)
def show_settings(call: Call) -> Response:
    """Zone, tolerance and moduli."""
    configuration = call.container.configuration
    settings = configuration.settings(call.user_id)
    moduli = {kind.value: configuration.configuration(call.user_id, kind).modulus for kind in EnergyType}
    body = SettingsBody(
        zone=settings.zone.key, tolerance_days=settings.tolerance_days, moduli=ModuliBody.model_validate(moduli)
    )
    return json_answer(body.as_json())


@blueprint.route("/v2/settings", methods=["PUT"], content_types=ANY_CONTENT)
@endpoint(blueprint)
def change_settings(call: Call) -> Response:
    """Replace zone, tolerance and moduli; answers with the meters whose figures are calculated anew."""
    body = call.json(SettingsBody)
    moduli = {EnergyType.POWER: body.moduli.power, EnergyType.GAS: body.moduli.gas}
    changed = call.container.configuration.change(call.user_id, body.settings(), moduli)
    return json_answer(ChangedBody(meters=list(changed)).as_json())


refuse_other_methods(blueprint, {"/v2/settings": ("GET", "PUT")})
