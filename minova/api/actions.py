# SPDX-License-Identifier: Apache-2.0
"""/servers/ID/action"""

import flask

from minova import exception
from minova.api import apis, body, server_requests
from minova.api.schemas import actions as schemas
from minova.api.schemas import parameter_types

bp = flask.Blueprint("server-actions", __name__)

_BODY = body.validator({"type": "object"})


@bp.post("/servers/<server_id>/action")
def act(server_id):
    """202 (200 where the answer has a body), 400, 403, 404, 409, 503"""
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


def _evacuate(context, server_id, wanted):
    """Nova's answer: the password of the new guest; null where its disk, and so the old one, is said to be there."""
    on_shared_storage = parameter_types.boolean(wanted["onSharedStorage"])
    if on_shared_storage and "adminPass" in wanted:
        raise exception.Invalid("admin password can't be changed on existing disk")
    apis.current().compute.evacuate(context, server_id, wanted.get("host"))
    given = wanted.get("adminPass") or server_requests.new_password()
    return body.answer({"adminPass": None if on_shared_storage else given})


def _get_console_output(context, server_id, wanted):
    length = (wanted or {}).get("length")
    tail_length = None if length in (None, -1, "-1") else int(length)
    output = apis.current().compute.get_console_output(context, server_id, tail_length)
    return body.answer({"output": output})


_ACTIONS = {
    "os-start": (body.validator(schemas.ANYTHING), _start),
    "os-stop": (body.validator(schemas.ANYTHING), _stop),
    "reboot": (body.validator(schemas.REBOOT), _reboot),
    "evacuate": (body.validator(schemas.EVACUATE), _evacuate),
    "os-getConsoleOutput": (body.validator(schemas.CONSOLE_OUTPUT), _get_console_output),
}
