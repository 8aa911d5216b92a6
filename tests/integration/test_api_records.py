# SPDX-License-Identifier: Apache-2.0
"""The API on each database: what is odd, sorted, searched for and counted comes out alike."""

import concurrent.futures

import pytest
from oslo_config import fixture as config_fixture

import minova.conf
from minova import exception
from minova.compute import create
from minova.db import engine, models
from tests import fake_bus, records
from tests.unit.api.conftest import IMAGE, make_api

CONF = minova.conf.CONF


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "mysql"])
def database(request, tmp_path_factory):
    conf = config_fixture.Config(CONF)
    conf.setUp()
    conf.conf([], project="minova", default_config_files=[])
    engine.set_defaults(CONF)
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('api')}/api.sqlite3"
    else:
        url = request.getfixturevalue(f"{request.param}_url")
    conf.config(group="database", connection=url)
    database = engine.Database()
    models.metadata.create_all(database.engine)
    yield database
    models.metadata.drop_all(database.engine)
    database.dispose()
    conf.cleanUp()


@pytest.fixture(scope="module")
def whole_api(database):
    return make_api(database, fake_bus.FakeBus())


@pytest.fixture
def api(whole_api, request):
    """The API as a project of this test's own."""
    whole_api.token = f"bob:{request.node.originalname}"
    return whole_api


def names(listing):
    return [server["name"] for server in listing["servers"]]


def test_filters_find_the_same(api):
    for name, flavor in [("eins", "1"), ("zwei", "2"), ("drei \U0001f680", "1")]:
        api.boot(name=name, flavorRef=flavor, metadata={"k": "\u00e4"})

    for query, found in {
        "name=ei": ["drei \U0001f680", "zwei", "eins"],
        "name=^.w": ["zwei"],
        "name=%F0%9F%9A%80": ["drei \U0001f680"],
        "flavor=2": ["zwei"],
        "status=BUILD": ["drei \U0001f680", "zwei", "eins"],
        "status=ERROR": [],
        "changes-since=2001-01-01T00:00:00Z": ["drei \U0001f680", "zwei", "eins"],
        "sort_key=name&sort_dir=asc": ["drei \U0001f680", "eins", "zwei"],
        "sort_key=launched_at&sort_dir=asc&sort_key=host&sort_dir=asc": ["drei \U0001f680", "zwei", "eins"],
    }.items():
        assert names(api.get(f"/servers/detail?{query}")) == found, query
    assert api.get("/servers/detail?name=eins")["servers"][0]["metadata"] == {"k": "\u00e4"}


@pytest.mark.parametrize(
    "sort", ["", "&sort_key=name&sort_dir=asc", "&sort_key=task_state", "&sort_key=launched_at"]
)
def test_pages_are_the_list_cut_up(api, sort):
    if not names(api.get("/servers")):
        api.boot(name="b", min_count=4)
        api.boot(name="a", min_count=3)
    whole = names(api.get(f"/servers?x=y{sort}"))

    pages, path = [], f"/servers?limit=3{sort}"
    while path:
        page = api.get(path)
        pages.append(names(page))
        path = (
            page["servers_links"][0]["href"].removeprefix("http://localhost")
            if "servers_links" in page
            else ""
        )

    assert [len(page) for page in pages] == [3, 3, 1]
    assert [name for page in pages for name in page] == whole


@pytest.mark.parametrize(
    ("path", "statuses"),
    [
        ("/servers/" + "a" * 5000, [404]),
        ("/servers/%F0%9F%9A%80", [404]),
        ("/servers/%ED%A0%80", [404]),
        ("/servers?marker=%F0%9F%9A%80", [400]),
        ("/servers?name=(%3Fi)x", [200, 400]),
        ("/servers?name=(%3FP%3Ca%3Ex)", [200, 400]),
        ("/servers?name=%5C", [400]),
        ("/servers?name=\\d{1,3}", [200]),
        ("/servers?uuid=%27", [200]),
        ("/servers?reservation_id=%27;DROP TABLE instances", [200]),
        ("/servers?changes-since=9999-12-31T23:59:59-14:00", [400]),
        ("/flavors/%F0%9F%9A%80", [404]),
        ("/images/%F0%9F%9A%80", [404]),
        ("/flavors?minRam=999999999", [200]),
    ],
)
def test_odd_requests_are_no_failures_of_ours(api, path, statuses):
    response = api.send("GET", path)

    assert response.status_code in statuses, response.text


def test_requests_at_once_never_exceed_a_quota(api, conf_of_module):
    conf_of_module.set_override("instances", 5, group="quota")
    compute = api._client.application.extensions["minova"].compute
    ctxt = records.make_context("rivals")
    request = create.CreateRequest(name="bar", flavorid="1", image_ref=IMAGE, max_count=2)

    def try_once(_n):
        try:
            return len(compute.create(ctxt, request))
        except exception.QuotaExceeded:
            return 0

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_once, range(16))) == 5


@pytest.fixture
def conf_of_module():
    yield CONF
    CONF.clear_override("instances", group="quota")
