# SPDX-License-Identifier: Apache-2.0
"""Who asks. There is no authentication yet: as with Nova's noauth2, the token itself says user and project."""

import re
import uuid

import werkzeug.exceptions

from minova import context

DEFAULT_USER = "admin"
DEFAULT_PROJECT = "default"
_ADMIN_USER = "admin"
# What OpenStack's clients send with auth_type "none".
_NO_TOKEN = "notused"
_LONGEST_NAME = 255
_REQUEST_ID = re.compile(r"req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def context_of(headers):
    """The context of a request: token ``user:project`` (or ``user``, for a project of the same name).

    Without a token it is the administrator of the default project. The user ``admin`` is an administrator.

    :raises werkzeug.exceptions.Unauthorized: when the token names nobody.
    """
    user_id, project_id = _who(headers.get("X-Auth-Token"))
    is_admin = user_id == _ADMIN_USER
    return context.RequestContext(
        user_id=user_id,
        project_id=project_id,
        is_admin=is_admin,
        roles=["admin", "member", "reader"] if is_admin else ["member", "reader"],
        request_id=f"req-{uuid.uuid4()}",
        global_request_id=_global_request_id(headers.get("X-OpenStack-Request-ID")),
    )


def _who(token):
    if token in (None, _NO_TOKEN):
        return DEFAULT_USER, DEFAULT_PROJECT
    user_id, _, project_id = token.partition(":")
    project_id = project_id or user_id
    named = user_id and max(len(user_id), len(project_id)) <= _LONGEST_NAME
    if not (named and token.isascii() and token.isprintable()):
        raise werkzeug.exceptions.Unauthorized("The token is not of the form user:project.")
    return user_id, project_id


def _global_request_id(given):
    return given if given and _REQUEST_ID.fullmatch(given) else None
