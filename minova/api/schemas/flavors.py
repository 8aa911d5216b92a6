# SPDX-License-Identifier: Apache-2.0
"""Bodies of /flavors."""

from minova.api.schemas import parameter_types

CREATE = {
    "type": "object",
    "properties": {
        "flavor": {
            "type": "object",
            "properties": {
                "name": parameter_types.NAME,
                "id": {
                    "type": ["string", "number", "null"],
                    "minLength": 1,
                    "maxLength": 255,
                    "pattern": "^(?! )[a-zA-Z0-9. _-]+(?<! )\\Z",
                    "minimum": 0,
                    "maximum": 2147483647,
                },
                "ram": parameter_types.integer(1),
                "vcpus": parameter_types.integer(1),
                "disk": parameter_types.integer(0),
                "OS-FLV-EXT-DATA:ephemeral": parameter_types.integer(0),
                "swap": parameter_types.integer(0),
                "rxtx_factor": {
                    "type": ["number", "string"],
                    "pattern": r"^[0-9]{1,9}(\.[0-9]{1,9})?\Z",
                    "exclusiveMinimum": 0,
                    "maximum": 1e9,
                },
                "os-flavor-access:is_public": parameter_types.BOOLEAN,
            },
            "required": ["name", "ram", "vcpus", "disk"],
            "additionalProperties": False,
        }
    },
    "required": ["flavor"],
    "additionalProperties": False,
}


def flavorid_of(wanted):
    """The id that the body names, None where a new one is to be made."""
    given = wanted.get("id", "auto")
    return None if given in (None, "auto") else str(given)
