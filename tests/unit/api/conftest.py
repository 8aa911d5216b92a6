# SPDX-License-Identifier: Apache-2.0
"""The whole API over a real SQLite file and a bus that only remembers."""

import json

import pytest

from minova.api import apis, app
from minova.compute import api as compute_api
from minova.compute import flavors, host_api
from minova.db import default_data
from minova.image import api as image_api
from tests import fake_bus

IMAGE = default_data.fixed_id("image", "cirros")
NETWORK = default_data.fixed_id("network", "private")


class Api:
    """A client without a network. ``token`` is that of all its requests, None for none."""

    def __init__(self, client, bus, database):
        self._client = client
        self.bus = bus
        self.database = database
        self.token = None

    def send(self, method, path, body=None, raw=None, content_type="application/json", headers=None):
        """The response; ``raw`` goes as it is, ``body`` as JSON."""
        payload = json.dumps(body).encode() if body is not None else raw
        headers = dict(headers or {})
        if self.token:
            headers["X-Auth-Token"] = self.token
        if payload is not None:
            headers["Content-Type"] = content_type
        return self._client.open(path, method=method, data=payload, headers=headers)

    def get(self, path, **further):
        """The decoded body of a GET that has to succeed."""
        response = self.send("GET", path, **further)
        assert response.status_code == 200, response.text
        return response.json

    def boot(self, **further):
        """Create a server; returns the response's body."""
        server = {"name": "bar", "flavorRef": "1", "imageRef": IMAGE, **further}
        response = self.send("POST", "/servers", {"server": server})
        assert response.status_code == 202, response.text
        return response.json


@pytest.fixture
def bus():
    return fake_bus.FakeBus()


@pytest.fixture
def api(database, bus):
    return make_api(database, bus)


def make_api(database, bus):
    """The API over a database that has tables and nothing else yet."""
    with database.writer() as conn:
        default_data.insert(conn)
    the_apis = apis.Apis(
        compute=compute_api.API(bus, database),
        flavors=flavors.API(database),
        hosts=host_api.API(database),
        images=image_api.API(database),
    )
    return Api(app.create_app(the_apis).test_client(), bus, database)
