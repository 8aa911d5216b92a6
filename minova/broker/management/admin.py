# SPDX-License-Identifier: Apache-2.0
"""What an administrator changes: vhosts, users and permissions. Like all else they are gone when the broker ends."""

import re

from minova.broker import access
from minova.broker.management import errors, views
from minova.broker.management.http import CREATED, NO_CONTENT

_LONGEST_NAME_OCTETS = 255


async def put_vhost(call, vhost):
    """Make a vhost, in which whoever makes it has every permission, as on RabbitMQ."""
    call.check_administrator()
    if vhost in call.broker.vhosts:
        return NO_CONTENT
    _check_name(vhost)
    call.broker.add_vhost(vhost)
    call.user.permit(vhost)
    return CREATED


async def delete_vhost(call, vhost):
    call.check_administrator()
    call.vhost(vhost)
    call.broker.delete_vhost(vhost)
    return NO_CONTENT


async def put_user(call, user):
    call.check_administrator()
    body = call.body()
    if "tags" not in body:
        raise errors.bad_request("tags_not_present")
    tags = _read_tags(body["tags"])
    password_hash, algorithm = _read_password(body)
    users = call.broker.access.users
    try:
        if user in users:
            users[user].change(password_hash, tags, algorithm)
            return NO_CONTENT
        _check_name(user)
        users[user] = access.User(user, password_hash, tags, algorithm)
    except ValueError as err:
        raise errors.bad_request(str(err)) from err
    return CREATED


async def delete_user(call, user):
    call.check_administrator()
    views.find_user(call, user)
    call.broker.delete_user(user)
    return NO_CONTENT


async def delete_users(call):
    """Delete the users that the body names, all or, where one of them does not exist, none."""
    call.check_administrator()
    names = call.body("users")["users"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise errors.bad_request("users is not a list of strings")
    for name in names:
        if name not in call.broker.access.users:
            raise errors.bad_request(["no_such_user", name])
    for name in dict.fromkeys(names):
        call.broker.delete_user(name)
    return NO_CONTENT


async def put_permission(call, vhost, user):
    call.check_administrator()
    patterns = call.body(*access.PERMISSIONS)
    if vhost not in call.broker.vhosts or user not in call.broker.access.users:
        raise errors.bad_request("vhost_or_user_not_found")
    owner = call.broker.access.users[user]
    existed = owner.may_enter(vhost)
    try:
        owner.permit(vhost, *(patterns[name] for name in access.PERMISSIONS))
    except (re.error, TypeError) as err:
        raise errors.bad_request(["invalid_regexp", str(err)]) from err
    return NO_CONTENT if existed else CREATED


async def delete_permission(call, vhost, user):
    await views.permission(call, vhost, user)
    call.broker.access.users[user].forbid(vhost)
    return NO_CONTENT


def _check_name(name):
    if not 0 < len(name.encode()) <= _LONGEST_NAME_OCTETS:
        raise errors.bad_request(f"a name has 1 to {_LONGEST_NAME_OCTETS} octets")


def _read_tags(tags):
    """Read a list, or the text with commas that clients sent before RabbitMQ 3.9."""
    if isinstance(tags, str):
        return [tag for tag in tags.replace(" ", "").split(",") if tag]
    if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags):
        return tags
    raise errors.bad_request("tags is neither a list of strings nor a string")


def _read_password(body):
    """Return (hash, algorithm); without either key the user cannot log in by password."""
    password, password_hash = body.get("password"), body.get("password_hash", "")
    algorithm = body.get("hashing_algorithm", access.DEFAULT_ALGORITHM)
    if password is None:
        if isinstance(password_hash, str) and isinstance(algorithm, str):
            return password_hash, algorithm
        raise errors.bad_request("password_hash and hashing_algorithm are not strings")
    if not isinstance(password, str):
        raise errors.bad_request("password is not a string")
    return access.hash_password(password), access.DEFAULT_ALGORITHM
