# SPDX-License-Identifier: Apache-2.0
"""docker-compose.yml against the compose specification, and against the project that it starts."""

import configparser
import importlib
import json
import pathlib
import re

import jsonschema
import pytest
from oslo_config import cfg

import minova.conf
from deploy import compose

ROOT = pathlib.Path(__file__).parents[2]
SERVICES = compose.read_services()
# All that run the project's own image.
OWN = {name: service for name, service in SERVICES.items() if service["image"].startswith("minova:")}
RUNNING = {name: service for name, service in OWN.items() if service["restart"] == "unless-stopped"}
COMPUTES = {name: service for name, service in OWN.items() if service["command"][0] == "minova-compute"}
SERVERS = ("rabbitmq", "postgresql")


@pytest.fixture(scope="module")
def package():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def test_file_follows_the_compose_specification():
    check_jsonschema = pytest.importorskip("check_jsonschema")
    schemas = pathlib.Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor"
    schema = json.loads((schemas / "compose-spec.json").read_text())
    jsonschema.validate({"services": SERVICES}, schema)


def test_all_services_are_there():
    commands = [service["command"][0] for service in OWN.values()]
    assert set(SERVERS) < set(SERVICES)
    assert commands.count("minova-conductor") == 2
    assert commands.count("minova-scheduler") == 2
    assert commands.count("minova-compute") >= 3
    assert {"minova-api", "minova-network", "minova-manage", "minova-page"} < set(commands)
    assert any("--hosts" in service["command"] for service in COMPUTES.values())


@pytest.mark.parametrize("name", OWN)
def test_command_is_a_console_script(package, name):
    scripts = package["options.entry_points"]["console_scripts"]
    assert re.search(rf"^{re.escape(OWN[name]['command'][0])} =", scripts, re.MULTILINE)


@pytest.mark.parametrize("name", OWN)
def test_image_is_of_this_version(package, name):
    assert OWN[name]["image"] == f"minova:{package['metadata']['version']}"


@pytest.mark.parametrize("name", SERVERS)
def test_servers_version_is_pinned(name):
    assert re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?", SERVICES[name]["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_dependencies_exist_and_can_be_waited_for(name):
    for needed, dependency in SERVICES[name].get("depends_on", {}).items():
        if dependency["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[needed]
        else:
            assert dependency["condition"] == "service_completed_successfully"
            assert SERVICES[needed]["restart"] == "no"


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"db-sync"}))
def test_service_restarts_and_is_watched(name):
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", sorted(set(RUNNING) - {"api", "page"}))
def test_ping_asks_the_service_itself(name):
    """The topic is that of the command, the host one that the command serves."""
    command, environment = RUNNING[name]["command"], RUNNING[name]["environment"]
    *_, verb, _, topic, _, host = RUNNING[name]["healthcheck"]["test"]
    assert (verb, f"minova-{topic}") == ("ping", command[0])
    if "--hosts" in command:
        pattern, number = environment["OS_COMPUTE__HOST_PATTERN"], command[-1]
        assert host == pattern.format(number)
    else:
        assert host == environment.get("OS_DEFAULT__HOST", command[-1]) == name


@pytest.mark.parametrize("name", RUNNING)
def test_service_gets_the_time_to_stop_by_itself(name):
    assert compose.seconds(RUNNING[name]["stop_grace_period"]) > minova.conf.CONF.graceful_shutdown_timeout


def test_only_api_and_page_are_published_and_on_loopback_alone():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"api": ["127.0.0.1:8774:8774"], "page": ["127.0.0.1:8780:8780"]}


@pytest.mark.parametrize("name", COMPUTES)
def test_compute_cannot_reach_the_database(name):
    assert "OS_DATABASE__CONNECTION" not in COMPUTES[name]["environment"]
    assert COMPUTES[name]["networks"] == ["bus"]
    assert SERVICES["postgresql"]["networks"] == ["database"]


def test_every_compute_keeps_its_guests():
    volumes = [service["volumes"][-1] for service in COMPUTES.values()]
    assert all(volume.endswith(":/var/lib/minova") for volume in volumes)
    assert len(set(volumes)) == len(COMPUTES)


def test_every_environment_variable_is_an_option(registered_options):
    for service in OWN.values():
        for variable in service["environment"]:
            group, _, option = variable.removeprefix("OS_").lower().partition("__")
            assert option in registered_options[group], variable


def test_every_setting_of_the_file_is_an_option(registered_options):
    settings = configparser.ConfigParser(default_section=None)
    settings.read(ROOT / "deploy" / "minova.conf")
    for group in settings.sections():
        assert set(settings[group]) <= registered_options[group.lower()]


@pytest.fixture(scope="module")
def registered_options():
    """{group: names of its options}, with the libraries' own."""
    modules = ["minova.conf", "oslo_messaging.opts", "oslo_db.options"]
    options = {}
    for module in modules:
        for group, opts in importlib.import_module(module).list_opts():
            name = (group.name if isinstance(group, cfg.OptGroup) else group or "DEFAULT").lower()
            options.setdefault(name, set()).update(opt.dest for opt in opts)
    return options
