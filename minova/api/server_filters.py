# SPDX-License-Identifier: Apache-2.0
"""The query string of a list of servers, as a query of instances."""

import re

from minova import exception
from minova.api import paging, statuses
from minova.compute import api as compute_api

# Other names of what compute_api.SORT_KEYS has.
_SORT_ALIASES = {"name": "display_name", "id": "uuid", "created": "created_at", "updated": "updated_at"}
_EXACT = {
    "image": "image_ref",
    "image_ref": "image_ref",
    "flavor": "flavorid",
    "reservation_id": "reservation_id",
}
_EXACT_OF_ADMIN = {
    "host": "host",
    "hypervisor_hostname": "host",
    "user_id": "user_id",
    "availability_zone": "availability_zone",
    "vm_state": "vm_state",
    "task_state": "task_state",
}
_LONGEST_PATTERN = 255
_MOST_REPETITIONS = 3
_ESCAPE_OR_CLASS = re.compile(r"\\.|\[\^?\]?(\\.|[^]\\])*\]", re.DOTALL)


def query_of(args, context):
    """The fields of a db.instance_lists.Query. Filters that nobody knows are ignored, as Nova's are.

    :raises Invalid: when a value is not understood.
    :raises Forbidden: when only an administrator may ask so.
    """
    query = {column: args[name] for name, column in _EXACT.items() if name in args}
    query.update(_scope(args, context))
    query["changes_since"] = paging.moment_of(args, "changes-since")
    query["deleted"] = _deleted(args, context)
    query["sort"] = _sort(args)
    query["marker"] = args.get("marker")
    query["limit"] = paging.limit_of(args)
    if args.get("name"):
        query["name_pattern"] = _pattern(args["name"])
    if "uuid" in args:
        query["uuids"] = tuple(args.getlist("uuid"))
    if "status" in args:
        query["states"] = tuple(statuses.states_of(args.getlist("status")))
    return query


def _scope(args, context):
    """Whose servers: those of the project, unless an administrator asks for more."""
    everyones = paging.boolean_of(args, "all_tenants", default=False) if args.get("all_tenants") else False
    everyones = everyones or args.get("all_tenants") == ""
    if not context.is_admin:
        if everyones:
            raise exception.Forbidden(action="os_compute_api:servers:detail:get_all_tenants")
        return {"project_id": context.project_id}
    scope = {column: args[name] for name, column in _EXACT_OF_ADMIN.items() if name in args}
    if "power_state" in args:
        scope["power_state"] = paging.number_of(args, "power_state")
    wanted = args.get("project_id") or args.get("tenant_id")
    if not everyones:
        return {**scope, "project_id": context.project_id}
    return {**scope, "project_id": wanted} if wanted else scope


def _deleted(args, context):
    """Deleted servers are for administrators, and for those who ask what changed.

    :returns: None for both kinds.
    """
    by_status = any(status.upper() == "DELETED" for status in args.getlist("status"))
    if by_status and not context.is_admin:
        raise exception.Forbidden(action="os_compute_api:servers:detail:status=deleted")
    if context.is_admin and "deleted" in args:
        return paging.boolean_of(args, "deleted")
    return None if by_status or "changes-since" in args else False


def _sort(args):
    keys = args.getlist("sort_key")
    directions = args.getlist("sort_dir")
    if len(directions) > len(keys) and keys:
        raise exception.Invalid("Sort direction size exceeds sort key size")
    if not keys:
        return (("created_at", _direction(directions[0]) if directions else "desc"),)
    directions += ["desc"] * (len(keys) - len(directions))
    return tuple((_column(key), _direction(way)) for key, way in zip(keys, directions, strict=True))


def _column(key):
    column = _SORT_ALIASES.get(key, key)
    if column not in compute_api.SORT_KEYS:
        raise exception.Invalid(f"Invalid sort key provided: {key}")
    return column


def _direction(given):
    if given not in ("asc", "desc"):
        raise exception.Invalid(f"Unknown sort direction, must be one of: asc, desc; not {given}")
    return given


def _pattern(given):
    """A regular expression, as Nova's filter by name is.

    SQLite has it evaluated in this process, where one that backtracks without end would stop all requests: so
    repeated groups are refused, and more than a few repetitions.

    :raises Invalid: when it is none, or one of those.
    """
    try:
        re.compile(given)
    except (re.error, RecursionError, OverflowError) as err:
        raise exception.Invalid(f"Invalid regular expression for name: {err}") from err
    bare = _ESCAPE_OR_CLASS.sub("x", given)
    repetitions = re.findall(r"[*+{]", bare)
    if len(given) > _LONGEST_PATTERN or len(repetitions) > _MOST_REPETITIONS or re.search(r"\)[*+{]", bare):
        raise exception.Invalid("The regular expression for name is too complex")
    return given
