# SPDX-License-Identifier: Apache-2.0
"""Bodies of /servers."""

from minova.api.schemas import parameter_types

_ADDRESS = {"type": "string", "maxLength": 45}
_ZONE = {"type": "string", "minLength": 1, "maxLength": 255, "format": "printable"}
_HINT = {
    "anyOf": [
        {"type": "string", "maxLength": 1024},
        {"type": "array", "items": {"type": "string", "maxLength": 1024}, "maxItems": 1000},
    ]
}
_HINTS = {"type": "object", "additionalProperties": _HINT, "maxProperties": 50}
_DISK_CONFIG = {"enum": ["AUTO", "MANUAL"]}

_NETWORK = {
    "type": "object",
    "properties": {
        "uuid": parameter_types.UUID,
        "fixed_ip": _ADDRESS,
        "port": {"oneOf": [parameter_types.UUID, {"type": "null"}]},
    },
    "additionalProperties": False,
}

# minova has no volumes: the only device is a local disk made of an image.
_BLOCK_DEVICE = {
    "type": "object",
    "properties": {
        "source_type": {"enum": ["image"]},
        "destination_type": {"enum": ["local"]},
        "boot_index": {"enum": [0, "0"]},
        "uuid": parameter_types.UUID,
        "delete_on_termination": parameter_types.BOOLEAN,
    },
    "required": ["source_type", "destination_type", "uuid"],
    "additionalProperties": False,
}

CREATE = {
    "type": "object",
    "properties": {
        "server": {
            "type": "object",
            "properties": {
                "name": parameter_types.NAME,
                "flavorRef": {"type": ["string", "integer"], "minLength": 1, "maxLength": 255},
                "imageRef": {"type": "string", "maxLength": 255},
                "adminPass": {"type": "string", "maxLength": 255},
                "metadata": parameter_types.METADATA,
                "networks": {"type": "array", "items": _NETWORK, "maxItems": 100},
                "OS-DCF:diskConfig": _DISK_CONFIG,
                "accessIPv4": _ADDRESS,
                "accessIPv6": _ADDRESS,
                "availability_zone": _ZONE,
                "block_device_mapping_v2": {"type": "array", "items": _BLOCK_DEVICE, "maxItems": 1},
                "config_drive": parameter_types.BOOLEAN,
                "min_count": parameter_types.integer(1),
                "max_count": parameter_types.integer(1),
                "return_reservation_id": parameter_types.BOOLEAN,
                "security_groups": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"name": parameter_types.NAME},
                        "additionalProperties": False,
                    },
                    "maxItems": 100,
                },
                "user_data": {"type": "string", "maxLength": 65535, "format": "base64"},
                "os:scheduler_hints": _HINTS,
            },
            "required": ["name", "flavorRef"],
            "additionalProperties": False,
        },
        "os:scheduler_hints": _HINTS,
        "OS-SCH-HNT:scheduler_hints": _HINTS,
    },
    "required": ["server"],
    "additionalProperties": False,
}

UPDATE = {
    "type": "object",
    "properties": {
        "server": {
            "type": "object",
            "properties": {
                "name": parameter_types.NAME,
                "OS-DCF:diskConfig": _DISK_CONFIG,
                "accessIPv4": _ADDRESS,
                "accessIPv6": _ADDRESS,
            },
            "additionalProperties": False,
        }
    },
    "required": ["server"],
    "additionalProperties": False,
}
