# SPDX-License-Identifier: Apache-2.0
"""Who may log in, and what a user may do: RabbitMQ's users, tags and permissions by vhost."""

import base64
import binascii
import hashlib
import hmac
import ipaddress
import re
import secrets

PERMISSIONS = ("configure", "write", "read")
DEFAULT_ALGORITHM = "rabbit_password_hashing_sha256"

_SALT_OCTETS = 4
_ALGORITHMS = {
    DEFAULT_ALGORITHM: hashlib.sha256,
    "rabbit_password_hashing_sha512": hashlib.sha512,
    "rabbit_password_hashing_md5": hashlib.md5,
}
_CACHE_SIZE = 1000


class User:
    """A user; `tags` say what of the management API is open to them."""

    def __init__(self, name, password_hash, tags=(), algorithm=DEFAULT_ALGORITHM):
        """:raises ValueError: for a hash, or an algorithm, that is none of RabbitMQ's"""
        self.name = name
        self._permissions = {}  # vhost's name: {permission: regular expression}
        self._answers = {}  # what may() found before
        self.change(password_hash, tags, algorithm)

    def change(self, password_hash, tags=(), algorithm=DEFAULT_ALGORITHM):
        """Give the user another password and other tags; permissions stay.

        :raises ValueError: for a hash, or an algorithm, that is none of RabbitMQ's
        """
        self._salt, self._digest = _read_hash(password_hash, algorithm)
        self.tags = frozenset(tags)
        self.password_hash = password_hash
        self.algorithm = algorithm

    @property
    def permissions(self):
        """Regular expressions as they were given: {vhost's name: {permission: pattern}}."""
        return {
            vhost_name: {permission: pattern.pattern for permission, pattern in patterns.items()}
            for vhost_name, patterns in self._permissions.items()
        }

    def permit(self, vhost_name, configure=".*", write=".*", read=".*"):
        """:raises re.error: when one of them is not a regular expression"""
        patterns = zip(PERMISSIONS, map(re.compile, (configure, write, read)), strict=True)
        self._permissions[vhost_name] = dict(patterns)
        self._answers.clear()

    def forbid(self, vhost_name):
        """Take all permissions in a vhost away."""
        self._permissions.pop(vhost_name, None)
        self._answers.clear()

    def may_enter(self, vhost_name):
        """Whether the user may connect to the vhost."""
        return vhost_name in self._permissions

    def may(self, vhost_name, permission, resource_name):
        """Whether the user may 'configure', 'write' or 'read' the queue or exchange of that name."""
        key = (vhost_name, permission, resource_name)
        answer = self._answers.get(key)
        if answer is None:
            if len(self._answers) >= _CACHE_SIZE:
                self._answers.clear()
            answer = self._answers[key] = self._find(*key)
        return answer

    def has_password(self, password):
        """Whether the password is the user's; a user without one, or a blank one, never logs in by it."""
        if not self._digest or not password:
            return False
        digest = _ALGORITHMS[self.algorithm](self._salt + password.encode(errors="replace")).digest()
        return hmac.compare_digest(digest, self._digest)

    def _find(self, vhost_name, permission, resource_name):
        patterns = self._permissions.get(vhost_name)
        if patterns is None:
            return False
        pattern = patterns[permission]
        # As on RabbitMQ an empty pattern matches nothing, others match anywhere in the name.
        return bool(pattern.pattern and pattern.search(resource_name))


class Access:
    """All users; those in `loopback_users` may come from this machine alone."""

    def __init__(self, users, loopback_users=("guest",)):
        self.users = {user.name: user for user in users}
        self._loopback_users = frozenset(loopback_users)

    def authenticate(self, name, password, peer_host=None):
        """Return the User, or None when name or password are wrong, or the user may not come from there.

        `peer_host` is the client's IP address; None stands for this machine.
        """
        user = self.users.get(name)
        if user is None or not user.has_password(password):
            return None
        if name in self._loopback_users and peer_host is not None and not is_loopback(peer_host):
            return None
        return user


def hash_password(password):
    """Return RabbitMQ's salted hash of a password; "", which nothing matches, for a blank one."""
    if not password:
        return ""
    salt = secrets.token_bytes(_SALT_OCTETS)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def is_loopback(host):
    """Whether an IP address, in IPv6's form of IPv4 too, is one of this machine's loopback interface."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _read_hash(password_hash, algorithm):
    """Return (salt, digest); the digest is empty for a user without a password."""
    if algorithm not in _ALGORITHMS:
        raise ValueError(f"unknown hashing algorithm '{algorithm}'")
    try:
        octets = base64.b64decode(password_hash, validate=True)
    except binascii.Error as err:
        raise ValueError("the password hash is not base64") from err
    if octets and len(octets) != _SALT_OCTETS + _ALGORITHMS[algorithm]().digest_size:
        raise ValueError(f"the password hash is not one of {algorithm}")
    return octets[:_SALT_OCTETS], octets[_SALT_OCTETS:]
