# SPDX-License-Identifier: Apache-2.0
"""Links: a resource's own URL with the version, and its bookmark without."""

import flask

from minova.api import paths


class Links:
    """Makes the links of one answer. Take one per request: it knows how the client reached this API.

    :param base: the API's URL without a version, such as ``http://127.0.0.1:8774``.
    :param project_id: the project that stood in the path, if one did.
    """

    def __init__(self, base, project_id=None):
        project = f"/{project_id}" if project_id else ""
        self._bookmark = base + project
        self._versioned = base + paths.VERSION_PREFIX + project

    def of(self, collection, identity):
        """The links of one resource."""
        return [
            {"rel": "self", "href": f"{self._versioned}/{collection}/{identity}"},
            self.bookmark(collection, identity),
        ]

    def bookmark(self, collection, identity):
        """The link that holds for every version."""
        return {"rel": "bookmark", "href": f"{self._bookmark}/{collection}/{identity}"}

    def next(self, path, query):
        """The link of the next page of a list; ``query`` is its encoded query string."""
        return [{"rel": "next", "href": f"{self._versioned}{path}?{query}"}]


def current():
    """The Links of this request."""
    request = flask.request
    return Links(request.host_url.rstrip("/"), request.environ.get(paths.PROJECT))
