# SPDX-License-Identifier: Apache-2.0
"""Bodies of /os-services: before microversion 2.53 the path names the action and the body the service."""

from minova.api.schemas import parameter_types

_REASON = {"type": "string", "minLength": 1, "maxLength": 255, "format": "name"}
_SERVICE = {"host": parameter_types.HOST, "binary": {"type": "string", "minLength": 1, "maxLength": 255}}


def _body(required, **further):
    return {
        "type": "object",
        "properties": {**_SERVICE, **further},
        "required": ["host", "binary", *required],
        "additionalProperties": False,
    }


ENABLE = _body([])
DISABLE = _body([])
DISABLE_LOG_REASON = _body(["disabled_reason"], disabled_reason=_REASON)
FORCE_DOWN = _body(["forced_down"], forced_down=parameter_types.BOOLEAN)

UPDATE = {
    "type": "object",
    "properties": {
        "status": {"enum": ["enabled", "disabled"]},
        "disabled_reason": _REASON,
        "forced_down": parameter_types.BOOLEAN,
    },
    "minProperties": 1,
    "additionalProperties": False,
}
