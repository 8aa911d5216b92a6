# SPDX-License-Identifier: Apache-2.0
"""/servers/ID/action"""

import flask

from minova import exception
from minova.api import apis, body
from minova.api.schemas import actions as schemas

bp = flask.Blueprint("server-actions", __name__)

_BODY = body.validator({"type": "object"})


@bp.post("/servers/<server_id>/action")
def act(server_id):
    """202 (200 with console output), 400, 404, 409, 503"""
    content = body.read(_BODY)
    if len(content) != 1:
        raise exception.Invalid("There is no such action" if content else "Malformed request body: no action")
    [(name, wanted)] = content.items()
    if name not in _ACTIONS:
        raise exception.Invalid(f"There is no such action: {name[:255]}")
    compiled, run = _ACTIONS[name]
    body.check(compiled, wanted)
    return run(flask.g.context, server_id, wanted)


def _start(context, server_id, _wanted):
    apis.current().compute.start(context, server_id)
    return body.no_content(202)


def _stop(context, server_id, _wanted):
    apis.current().compute.stop(context, server_id)
    return body.no_content(202)


def _reboot(context, server_id, wanted):
    apis.current().compute.reboot(context, server_id, wanted["type"].upper())
    return body.no_content(202)


def _get_console_output(context, server_id, wanted):
    length = (wanted or {}).get("length")
    tail_length = None if length in (None, -1, "-1") else int(length)
    output = apis.current().compute.get_console_output(context, server_id, tail_length)
    return body.answer({"output": output})


_ACTIONS = {
    "os-start": (body.validator(schemas.ANYTHING), _start),
    "os-stop": (body.validator(schemas.ANYTHING), _stop),
    "reboot": (body.validator(schemas.REBOOT), _reboot),
    "os-getConsoleOutput": (body.validator(schemas.CONSOLE_OUTPUT), _get_console_output),
}
