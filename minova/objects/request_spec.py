# SPDX-License-Identifier: Apache-2.0
"""What was asked for in one request to create servers."""

from oslo_versionedobjects import fields

from minova.objects import base, flavor


@base.MinovaObjectRegistry.register
class RequestSpec(base.MinovaObject):
    """Everything by which the scheduler chooses hosts for the instances of one request.

    ``force_host`` is the HOST of an availability zone given as ``ZONE:HOST``. ``ignore_hosts`` are those
    already tried in vain. ``requested_networks`` is None for no network, else the network ids.
    """

    VERSION = "1.0"

    fields = {
        "instance_uuids": fields.ListOfStringsField(),
        "task_ids": fields.ListOfStringsField(),
        "attempt": fields.IntegerField(default=0),
        "project_id": fields.StringField(),
        "flavor": fields.ObjectField(flavor.Flavor.__name__),
        "image_ref": fields.StringField(),
        "availability_zone": fields.StringField(nullable=True),
        "force_host": fields.StringField(nullable=True),
        "ignore_hosts": fields.ListOfStringsField(),
        "scheduler_hints": fields.DictOfListOfStringsField(),
        "requested_networks": fields.ListOfStringsField(nullable=True),
    }

    def changed(self, **values):
        """A copy with other values in some fields."""
        return RequestSpec(**{**{name: getattr(self, name) for name in self.fields}, **values})

    @property
    def vcpus(self):
        """What each of the instances claims on its host; as are the two below."""
        return self.flavor.vcpus

    @property
    def memory_mb(self):
        return self.flavor.memory_mb

    @property
    def local_gb(self):
        """Root, ephemeral and swap disk; a swap disk (MB) counts as whole GB."""
        flavor_ = self.flavor
        return flavor_.root_gb + flavor_.ephemeral_gb + -(-flavor_.swap // 1024)
