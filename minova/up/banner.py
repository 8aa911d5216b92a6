# SPDX-License-Identifier: Apache-2.0
"""What `minova up` shows when all is ready: where everything is, and what to type next."""

import os
import shutil
import sys

from minova.up import example, settings


def text(chosen, seconds, process_count, body):
    """The banner, ready after `seconds`; `body` is the example of a request, if there is one."""
    rows = [
        ("API", f"{chosen.api_url}/v2.1"),
        *[("", f"{chosen.url_of_port(port)}/v2.1") for port in chosen.further_api_ports],
        ("bus", settings.bus(chosen.transport_url, chosen.embedded_broker)),
        *([("", f"{chosen.management_url} (for rabbitmqadmin)")] if chosen.embedded_broker else []),
        *([("page", chosen.page_url)] if chosen.page_url else []),
        ("database", _database(chosen)),
        ("logs", _short(chosen.log_path)),
    ]
    minova, option = _program(), _state_path_option(chosen)
    hints = [
        ("clients", f"export OS_AUTH_TYPE=none OS_ENDPOINT={chosen.api_url}/v2.1 OS_IDENTITY_API_VERSION=3"),
        ("", "openstack server list"),
        ("watch", f"{minova} trace{option}"),
        ("stop", f"Ctrl-C, or {minova} down{option}"),
    ]
    head = f"minova is ready after {seconds:.1f} s with {_hosts(chosen.hosts)} in {process_count} processes."
    if body:
        command = example.curl_command(chosen.api_url, body)
        hints.insert(0, ("boot", example.shown(command, indent=" " * 12)))
    return "\n".join(["", head, "", *map(_row, rows), "", *map(_row, hints), ""])


def _program():
    """How the command that shows this is typed: its environment may not be on the PATH."""
    own = os.path.join(os.path.dirname(sys.executable), "minova")
    found = shutil.which("minova")
    return (
        "minova" if found and os.path.samefile(os.path.dirname(found), os.path.dirname(own)) else _short(own)
    )


def _row(row):
    return f"  {row[0]:9} {row[1]}"


def _hosts(number):
    return "1 compute host" if number == 1 else f"{number} compute hosts"


def _database(chosen):
    if chosen.database_connection:
        return settings.without_password(chosen.database_connection)
    if chosen.config_files:
        return "as configured, or SQLite in the state path"
    return f"sqlite:///{_short(os.path.join(chosen.state_path, 'minova.sqlite3'))}"


def _short(path):
    """Relative where that is shorter."""
    return min(os.path.relpath(path), path, key=len)


def _state_path_option(chosen):
    if chosen.state_path == settings.state_path(None):
        return ""
    return f" --state-path {_short(chosen.state_path)}"
