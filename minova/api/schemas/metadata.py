# SPDX-License-Identifier: Apache-2.0
"""Bodies of /servers/ID/metadata."""

from minova.api.schemas import parameter_types

ITEMS = {
    "type": "object",
    "properties": {"metadata": parameter_types.METADATA},
    "required": ["metadata"],
    "additionalProperties": False,
}
ITEM = {
    "type": "object",
    "properties": {"meta": {**parameter_types.METADATA, "minProperties": 1, "maxProperties": 1}},
    "required": ["meta"],
    "additionalProperties": False,
}
