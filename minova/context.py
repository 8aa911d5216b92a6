# SPDX-License-Identifier: Apache-2.0
"""The request context: who asks, in which request, and which process sends. It travels in every message."""

from oslo_context import context

_FIELDS = ("user_id", "project_id", "roles", "is_admin", "request_id", "global_request_id", "sender")


class RequestContext(context.RequestContext):
    """oslo.context's context and both ends of the message that carried it.

    ``sender`` is the ``binary@host`` that sent the last message. ``acting_host`` stays in the process: one
    that serves many hosts says there for which of them it works.
    """

    def __init__(self, sender=None, **kwargs):
        super().__init__(**kwargs)
        self.sender = sender
        self.acting_host = None

    def to_dict(self):
        """The fields that cross RPC, and no others: each costs bytes in every message."""
        return {field: getattr(self, field) for field in _FIELDS}

    @classmethod
    def from_dict(cls, values, **_overrides):
        return cls(**{field: values.get(field) for field in _FIELDS})


def get_admin_context():
    """The context of work that no user asked for (heartbeats, periodic tasks)."""
    return RequestContext(is_admin=True, overwrite=False)
