# SPDX-License-Identifier: Apache-2.0
"""What `minova up` runs with, from options and configuration files."""

import argparse
import os

import pytest

from minova.trace import firehose
from minova.up import errors, plan, settings


def resolved(*arguments):
    parser = argparse.ArgumentParser()
    settings.add_arguments(parser)
    return settings.resolve(
        parser.parse_args(arguments), free_port=lambda listen, preferred=0: preferred or 40001
    )


def config_file(path, text):
    path.write_text(text)
    return "--config-file", str(path)


def test_defaults_are_the_embedded_broker_and_loopback():
    chosen = resolved()
    assert chosen.api_url == "http://127.0.0.1:8774"
    assert chosen.transport_url == "rabbit://guest:guest@127.0.0.1:5673/"
    assert chosen.embedded_broker
    assert chosen.state_path == os.path.abspath("state")


def test_port_0_is_replaced_by_a_free_one():
    chosen = resolved("--api-port", "0", "--broker-port", "0")
    assert (chosen.api_port, chosen.broker_port) == (40001, 40001)
    assert ":40001/" in chosen.transport_url


def test_the_management_port_follows_that_of_the_broker():
    assert resolved().management_url == "http://127.0.0.1:15673/api/"
    assert resolved("--broker-port", "6000").management_port == 16000
    assert resolved("--broker-port", "60000").management_port == 40001
    assert resolved("--broker-port", "6000", "--management-port", "0").management_port == 40001
    assert resolved("--management-port", "7000").management_port == 7000


def test_the_management_port_of_a_file_is_used(tmp_path):
    given = config_file(tmp_path / "a.conf", "[broker]\nmanagement_port = 7000\n")
    assert resolved(*given).management_port == 7000
    assert "management_port = 7000" in plan.config_text(resolved(*given))


def test_a_transport_url_means_no_broker():
    chosen = resolved("--transport-url", "rabbit://u:p@mq:5672/vhost")
    assert not chosen.embedded_broker
    # Not the bare word: a checkout may stand in a directory of that name.
    assert "[broker]" not in plan.config_text(chosen)


def test_configuration_files_are_respected_and_options_override_them(tmp_path):
    text = "[DEFAULT]\nstate_path = /var/lib/minova\n[api]\nport = 9000\nlisten = 0.0.0.0\n"
    given = config_file(tmp_path / "a.conf", text)
    assert resolved(*given).api_url == "http://127.0.0.1:9000"
    assert resolved(*given).state_path == "/var/lib/minova"
    assert resolved(*given, "--api-port", "9001").api_port == 9001


def test_a_transport_url_of_a_file_is_used(tmp_path):
    chosen = resolved(*config_file(tmp_path / "a.conf", "[DEFAULT]\ntransport_url = rabbit://mq:5672/\n"))
    assert not chosen.embedded_broker
    assert chosen.transport_url == "rabbit://mq:5672/"


def test_a_file_that_names_the_embedded_broker_does_not_switch_it_off(tmp_path):
    chosen = resolved(
        *config_file(tmp_path / "a.conf", "[DEFAULT]\ntransport_url = rabbit://127.0.0.1:5673/\n")
    )
    assert chosen.embedded_broker


def test_a_file_that_is_missing_or_broken_is_told(tmp_path):
    with pytest.raises(errors.UpError, match="cannot be read: No such file"):
        resolved("--config-file", str(tmp_path / "none.conf"))
    with pytest.raises(errors.UpError, match="is not understood"):
        resolved(*config_file(tmp_path / "b.conf", "port = 1\n"))
    with pytest.raises(errors.UpError, match="'many' is not a port"):
        resolved(*config_file(tmp_path / "c.conf", "[api]\nport = many\n"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("--hosts", "0"),
        ("--hosts", "x"),
        ("--api-port", "65536"),
        ("--broker-port", "-1"),
        ("--workers", "api"),
        ("--workers", "api=0"),
        ("--workers", "broker=2"),
    ],
)
def test_bad_values_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as exit_:
        resolved(*arguments)
    assert exit_.value.code == 2
    assert arguments[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "addresses"),
    [
        ("rabbit://u:p@mq:5671/v", [("mq", 5671)]),
        ("rabbit://mq/", [("mq", 5672)]),
        ("rabbit://u:p@a:1,u:p@b:2/v", [("a", 1), ("b", 2)]),
        ("rabbit://u:p@[::1]:5673/", [("::1", 5673)]),
    ],
)
def test_addresses_of_a_transport_url(url, addresses):
    assert settings.addresses(url) == addresses


@pytest.mark.parametrize("url", ["rabbit://box:99999/", "rabbit://box:port/", "rabbit://[::1/"])
def test_a_transport_url_that_is_none_is_told(url):
    """`minova up` and `minova trace` showed a traceback."""
    with pytest.raises(errors.UpError, match="not understood"):
        settings.addresses(url)
    with pytest.raises(firehose.TraceError, match="not understood"):
        firehose.broker_addresses(url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rabbit://u:secret@a:1,u:secret@b:2/v", "rabbit://u:***@a:1,u:***@b:2/v"),
        ("rabbit://a:1/", "rabbit://a:1/"),
        ("sqlite:////tmp/x.sqlite3", "sqlite:////tmp/x.sqlite3"),
    ],
)
def test_passwords_are_not_shown(url, shown):
    assert settings.without_password(url) == shown


def test_generated_configuration():
    text = plan.config_text(
        settings.Settings(
            state_path="/s",
            transport_url="rabbit://u:a$b@h/",
            database_connection="postgresql://x/y",
            workers={"api": 2},
        )
    )
    assert "transport_url = rabbit://u:a$$b@h/\n" in text
    assert "[database]\nconnection = postgresql://x/y\n" in text
    assert "[api]\nlisten = 127.0.0.1\nport = 8774\nworkers = 2\n" in text


def test_every_service_of_the_plan_has_its_turn_to_stop():
    stopped = [service for batch in plan.STOP_ORDER for service in batch]
    planned = ["broker", "db sync", "conductor", "scheduler", "network", "compute", "api", "page"]
    assert sorted(stopped) == sorted(planned)
    assert stopped[0] == "api"
    assert stopped[-1] == "broker"


def test_the_page_has_its_port_or_a_free_one():
    assert resolved().page_url == "http://127.0.0.1:8780"
    assert resolved("--page-port", "9000").page_port == 9000
    assert resolved("--page-port", "0").page_port == 40001
    assert resolved("--api-port", "0").page_port == 40001


def test_the_port_of_the_page_in_a_file_is_used(tmp_path):
    given = config_file(tmp_path / "a.conf", "[page]\nport = 9000\n")
    assert resolved(*given).page_port == 9000
    assert "[page]\nlisten = 127.0.0.1\nport = 9000\n" in plan.config_text(resolved(*given))


def test_without_a_page_nothing_of_it_is_configured():
    chosen = resolved("--no-page")
    assert (chosen.page_port, chosen.page_url) == (None, None)
    assert "[page]" not in plan.config_text(chosen)
