# SPDX-License-Identifier: Apache-2.0
"""What a user may ask of flavors; runs in minova-api."""

import uuid

from minova import exception
from minova.db import flavors

# What find() can sort by.
SORT_KEYS = tuple(flavors.SORT_KEYS)


class API:
    """The flavors; only an administrator sees those that are not public, and changes any."""

    def __init__(self, database):
        self._database = database

    def find(self, context, is_public=True, **filters):
        """The flavors that a user may see, see db/flavors.py; ``is_public`` of None means both kinds."""
        with self._database.reader() as conn:
            return flavors.find(conn, is_public=is_public if context.is_admin else True, **filters)

    def get(self, context, flavorid):
        """:raises FlavorNotFound:"""
        with self._database.reader() as conn:
            return flavors.get(conn, flavorid, public_only=not context.is_admin)

    def create(self, context, flavorid, **values):
        """A new flavor, with an id of its own where ``flavorid`` is None.

        :raises FlavorExists: when the id or the name is taken.
        """
        _require_admin(context, "create")
        flavorid = flavorid or str(uuid.uuid4())
        with self._database.writer() as conn:
            flavors.insert(conn, flavorid=flavorid, **values)
            return flavors.get(conn, flavorid)

    def delete(self, context, flavorid):
        """Instances keep the copy that they were made with.

        :raises FlavorNotFound:
        """
        _require_admin(context, "delete")
        with self._database.writer() as conn:
            flavors.delete(conn, flavorid)


def _require_admin(context, verb):
    if not context.is_admin:
        raise exception.Forbidden(action=f"os_compute_api:os-flavor-manage:{verb}")
