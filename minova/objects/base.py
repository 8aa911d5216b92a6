# SPDX-License-Identifier: Apache-2.0
"""Base, registry and serializer of minova's versioned objects."""

from oslo_versionedobjects import base


class MinovaObject(base.VersionedObject):
    """Knows neither a database nor RPC: who wants to change a record asks the conductor."""

    OBJ_PROJECT_NAMESPACE = "minova"
    OBJ_SERIAL_NAMESPACE = "minova_object"

    @classmethod
    def from_row(cls, row, **changes):
        """The object of a database row: takes every field for which the row has a column of that name.

        :param changes: fields that have changed since the row was read.
        """
        values = {**row._mapping, **changes}
        obj = cls(**{name: values[name] for name in cls.fields if name in values})
        obj.obj_reset_changes()
        return obj

    def obj_what_changed(self):
        """Nothing: no receiver asks, and to tell would be half the cost of making a message."""
        return set()


class MinovaObjectRegistry(base.VersionedObjectRegistry):
    pass


class MinovaObjectSerializer(base.VersionedObjectSerializer):
    """Turns objects into JSON primitives and back on both sides of an RPC."""

    OBJ_BASE_CLASS = MinovaObject
