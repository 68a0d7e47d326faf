"""The names of all flags: the global gate and one per component. Rules about their content live in ``flag``.

A component has its flag as soon as it is a member of ``domain.backends.component``: that is where one adds a flag.
"""

from chalicelib.domain.backends.component import Component
from chalicelib.domain.errors import NotFoundError

GLOBAL = "new_backend_enabled"
SHORT_GLOBAL = "global"
COMPONENT_FLAGS = {component: f"{component}_new_backend" for component in Component}
COMPONENTS = {flag: component for component, flag in COMPONENT_FLAGS.items()}
FLAGS = (GLOBAL, *COMPONENTS)


def flag_named(text: str) -> str:
    """The flag that a person means: by its name, its component, or ``global``. Raises NotFoundError."""
    if text in FLAGS:
        return text
    if text == SHORT_GLOBAL:
        return GLOBAL
    if f"{text}_new_backend" in COMPONENTS:
        return f"{text}_new_backend"
    known = ", ".join((SHORT_GLOBAL, *Component))
    raise NotFoundError(f"there is no flag {text!r}; there are {known}")


def short_name(flag: str) -> str:
    """What a person calls a flag; any other name is returned unchanged."""
    return SHORT_GLOBAL if flag == GLOBAL else COMPONENTS.get(flag, flag)


def component_flag_named(text: str) -> str:
    """Find a flag by its name, for what only the flag of a component can do."""
    flag = flag_named(text)
    if flag == GLOBAL:
        raise NotFoundError(f"{text!r} is the global gate, not a component; components are {', '.join(Component)}")
    return flag
