# SPDX-License-Identifier: Apache-2.0
"""Sources of client libraries' tests: found, copied, led to a broker."""

import dataclasses
import string

import pytest

from tests.client_suites import sources, suites

ADDRESS = sources.Address(host="10.0.0.1", port=1234, vhost="own")
SUITE = suites.Suite(
    name="library",
    distribution="library",
    tests=("t/test_it.py",),
    edits={"t/test_it.py": ((r"port=5672", "port={port}, vhost='{vhost}'"),)},
    replaced_files={"t/docker.py": "HOST = '{host}'\n"},
    tests_in_sdist=False,
)


@pytest.fixture
def checkout(tmp_path):
    path = tmp_path / "checkout"
    (path / "t").mkdir(parents=True)
    (path / ".git").mkdir()
    (path / "t" / "test_it.py").write_text("connect(port=5672)\n")
    return path


def test_a_copy_is_led_to_the_broker_and_the_checkout_stays_as_it_is(checkout, tmp_path):
    copy = sources.copy_for(SUITE, checkout, ADDRESS, tmp_path / "copies")

    assert (copy / "t" / "test_it.py").read_text() == "connect(port=1234, vhost='own')\n"
    assert (copy / "t" / "docker.py").read_text() == "HOST = '10.0.0.1'\n"
    assert not (copy / ".git").exists()
    assert (checkout / "t" / "test_it.py").read_text() == "connect(port=5672)\n"


def test_tests_that_have_changed_are_not_run_on_the_wrong_broker(checkout, tmp_path):
    (checkout / "t" / "test_it.py").write_text("connect(port=PORT)\n")

    with pytest.raises(sources.SourcesError, match="nothing like port=5672"):
        sources.copy_for(SUITE, checkout, ADDRESS, tmp_path / "copies")


def test_a_checkout_without_the_tests_is_refused(checkout, tmp_path):
    suite = dataclasses.replace(SUITE, tests=("t/test_other.py",))

    with pytest.raises(sources.SourcesError, match=r"checkout is without t/test_other\.py$"):
        sources.find(suite, checkout, tmp_path)


def test_the_version_is_that_of_the_source_distribution(checkout):
    assert sources.version(checkout) == ""

    (checkout / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: library\nVersion: 1.2.3\n")

    assert sources.version(checkout) == "1.2.3"


@pytest.mark.parametrize("suite", suites.SUITES, ids=lambda suite: suite.name)
def test_texts_of_the_table_ask_for_nothing_but_the_address(suite):
    texts = [*suite.environment.values(), *suite.replaced_files.values()]
    texts += [replacement for edits in suite.edits.values() for _, replacement in edits]

    fields = {field for text in texts for _, field, _, _ in string.Formatter().parse(text) if field}

    assert "vhost" in fields
    assert fields <= {field.name for field in dataclasses.fields(sources.Address)}
    assert "tls_port" in fields or not suite.is_tls


@pytest.mark.parametrize("suite", suites.SUITES, ids=lambda suite: suite.name)
def test_what_is_left_out_has_a_reason(suite):
    assert suite.why_left_out or not suite.deselect
