# SPDX-License-Identifier: Apache-2.0
"""Parts that the schemas of several nouns share; the limits are Nova's.

Patterns end in ``\\Z``: to Python, ``$`` also matches before a line feed at the end.
"""

_MOST = 2147483647


def integer(minimum):
    """A whole number of 0 or more, or of 1 or more; or its digits."""
    return {
        "type": ["integer", "string"],
        "minimum": minimum,
        "maximum": _MOST,
        "pattern": r"^0*[0-9]{1,9}\Z" if minimum == 0 else r"^0*[1-9][0-9]{0,8}\Z",
        "maxLength": 20,
    }


# The formats are those of body.py.
NAME = {"type": "string", "minLength": 1, "maxLength": 255, "format": "name"}
DESCRIPTION = {"type": ["string", "null"], "maxLength": 255, "format": "printable"}
_TRUE = (True, "true", "True", "TRUE", "1", "on", "yes")
_FALSE = (False, "false", "False", "FALSE", "0", "off", "no")
BOOLEAN = {"enum": [*_TRUE, *_FALSE]}
UUID = {"type": "string", "format": "uuid"}
HOST = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[a-zA-Z0-9-._]*\Z"}
METADATA = {
    "type": "object",
    "patternProperties": {r"^[a-zA-Z0-9-_:. ]{1,255}\Z": {"type": "string", "maxLength": 255}},
    "additionalProperties": False,
}


def boolean(value):
    """The value of a BOOLEAN."""
    return value in _TRUE
