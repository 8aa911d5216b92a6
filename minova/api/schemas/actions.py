# SPDX-License-Identifier: Apache-2.0
"""Bodies of /servers/ID/action: one key, which is the action."""

from minova.api.schemas import parameter_types

REBOOT = {
    "type": "object",
    "properties": {"type": {"enum": ["HARD", "Hard", "hard", "SOFT", "Soft", "soft"]}},
    "required": ["type"],
    "additionalProperties": False,
}
EVACUATE = {
    "type": "object",
    "properties": {
        "host": parameter_types.HOST,
        "onSharedStorage": parameter_types.BOOLEAN,
        "adminPass": {"type": "string"},
    },
    "required": ["onSharedStorage"],
    "additionalProperties": False,
}
# -1 and null mean all of it.
CONSOLE_OUTPUT = {
    "type": ["object", "null"],
    "properties": {
        "length": {
            "type": ["integer", "string", "null"],
            "minimum": -1,
            "maximum": 2147483647,
            "pattern": r"^(-1|[0-9]{1,9})\Z",
        }
    },
    "additionalProperties": False,
}
# Nova takes anything as the value of these.
ANYTHING: dict = {}
