# SPDX-License-Identifier: Apache-2.0
"""A definitions file in RabbitMQ's own JSON form, as `rabbitmqctl export_definitions` writes it.

Read are vhosts, users, permissions, exchanges, queues and bindings; what else such a file may hold is named in the log.
"""

import json
import logging
import re

from minova.broker import access, errors

LOG = logging.getLogger(__name__)

_NAME = {"type": "string", "maxLength": 255}
_ARGUMENTS = {"type": "object"}
_FLAG = {"type": "boolean"}


def _rows(required, **optional):
    """Return the schema of a list of objects; further keys are let pass, as RabbitMQ adds some with each release."""
    row = {"type": "object", "required": sorted(required), "properties": required | optional}
    return {"type": "array", "items": row}


_SCHEMA = {
    "type": "object",
    "required": ["users", "vhosts"],
    "properties": {
        "vhosts": _rows({"name": _NAME}),
        "users": _rows(
            {"name": _NAME},
            password={"type": "string"},
            password_hash={"type": "string"},
            hashing_algorithm={"type": "string"},
            tags={"type": ["array", "string"], "items": {"type": "string"}},
        ),
        "permissions": _rows(
            {"user": _NAME, "vhost": _NAME}
            | {permission: {"type": "string"} for permission in access.PERMISSIONS}
        ),
        "exchanges": _rows(
            {"name": _NAME, "vhost": _NAME, "type": _NAME},
            durable=_FLAG,
            auto_delete=_FLAG,
            internal=_FLAG,
            arguments=_ARGUMENTS,
        ),
        "queues": _rows(
            {"name": _NAME, "vhost": _NAME}, durable=_FLAG, auto_delete=_FLAG, arguments=_ARGUMENTS
        ),
        "bindings": _rows(
            {"source": _NAME, "vhost": _NAME, "destination": _NAME},
            destination_type={"enum": ["queue", "exchange"]},
            routing_key=_NAME,
            arguments=_ARGUMENTS,
        ),
    },
}
_NOT_READ = ("parameters", "global_parameters", "policies", "topic_permissions")


class DefinitionsError(Exception):
    """The file is not to be had, or is no definitions file, or contradicts itself."""


class Definitions:
    """What a definitions file says."""

    def __init__(self, document):
        """:raises DefinitionsError: saying where the document is wrong"""
        _check(document)
        self._document = document
        self.vhosts = tuple(row["name"] for row in document["vhosts"])
        self.users = [_make_user(row) for row in document["users"]]
        users = {user.name: user for user in self.users}
        for row in document.get("permissions", ()):
            _permit(users, self.vhosts, row)
        for name in _NOT_READ:
            if document.get(name):
                LOG.warning("%s of the definitions file have no effect on this broker", name)

    def declare(self, vhosts, keep_existing=False):
        """Declare the exchanges, queues and bindings in the vhosts, a map by name.

        With `keep_existing` an exchange or queue that exists stays as it is, however it is defined here.

        :raises DefinitionsError: when a vhost refuses
        """
        for kind, declare in (
            ("exchanges", _declare_exchange),
            ("queues", _declare_queue),
            ("bindings", _bind),
        ):
            for row in self._document.get(kind, ()):
                try:
                    vhost = vhosts[row["vhost"]]
                    if not (keep_existing and _exists(vhost, kind, row)):
                        declare(vhost, row)
                except KeyError as err:
                    raise DefinitionsError(f"{kind}: vhost {err} is not one of the vhosts") from err
                except errors.AMQPError as err:
                    raise DefinitionsError(f"{kind}: {err.text}") from err


def read(path):
    """:raises DefinitionsError: saying what is wrong with the file"""
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except (OSError, ValueError) as err:
        raise DefinitionsError(f"{path}: {err}") from err
    try:
        return Definitions(document)
    except DefinitionsError as err:
        raise DefinitionsError(f"{path}: {err}") from err


def _check(document):
    import jsonschema  # takes half as long as all else of a start, and most brokers have no such file

    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(_SCHEMA).iter_errors(document))
    if error is not None:
        # Not error.message, which quotes what was found: passwords among it.
        wanted = error.validator_value if error.validator in ("type", "enum", "required", "maxLength") else ""
        raise DefinitionsError(f"{error.json_path}: does not keep to {error.validator} {wanted}".rstrip())


def _make_user(row):
    tags = row.get("tags", [])
    if isinstance(tags, str):  # as RabbitMQ wrote them before 3.9
        tags = [tag for tag in tags.replace(" ", "").split(",") if tag]
    algorithm = row.get("hashing_algorithm", access.DEFAULT_ALGORITHM)
    try:
        if "password" in row:
            return access.User(row["name"], access.hash_password(row["password"]), tags)
        return access.User(row["name"], row.get("password_hash", ""), tags, algorithm)
    except ValueError as err:
        raise DefinitionsError(f"user '{row['name']}': {err}") from err


def _permit(users, vhost_names, row):
    where = f"permissions of user '{row['user']}' in vhost '{row['vhost']}'"
    if row["user"] not in users:
        raise DefinitionsError(f"{where}: there is no such user")
    if row["vhost"] not in vhost_names:
        raise DefinitionsError(f"{where}: there is no such vhost")
    try:
        users[row["user"]].permit(row["vhost"], *(row[permission] for permission in access.PERMISSIONS))
    except re.error as err:
        raise DefinitionsError(f"{where}: {err.pattern!r} is not a regular expression: {err}") from err


def _exists(vhost, kind, row):
    return kind != "bindings" and row["name"] in getattr(vhost, kind)


def _declare_exchange(vhost, row):
    vhost.declare_exchange(
        row["name"],
        row["type"],
        durable=row.get("durable", True),
        auto_delete=row.get("auto_delete", False),
        internal=row.get("internal", False),
        arguments=row.get("arguments", {}),
    )


def _declare_queue(vhost, row):
    vhost.declare_queue(
        row["name"],
        None,
        durable=row.get("durable", True),
        exclusive=False,
        auto_delete=row.get("auto_delete", False),
        arguments=row.get("arguments", {}),
    )


def _bind(vhost, row):
    if row.get("destination_type", "queue") == "queue":
        destination = vhost.find_queue(row["destination"], None)
    else:
        destination = vhost.find_exchange(row["destination"])
    vhost.bind(row["source"], destination, row.get("routing_key", ""), row.get("arguments", {}))
