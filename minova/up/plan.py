# SPDX-License-Identifier: Apache-2.0
"""The processes that make a minova: which commands, with which configuration, stopped in which order."""

import dataclasses
import os
import sys

from minova.up import errors

# What is stopped together. Each may still need those behind it while it finishes what it has in hand.
STOP_ORDER = (("api", "db sync"), ("compute",), ("conductor",), ("scheduler", "network"), ("broker",))


@dataclasses.dataclass(frozen=True)
class Command:
    """One process to start."""

    service: str
    argv: tuple
    # A one-shot command has to end with exit code 0; any other has to stay.
    one_shot: bool = False


def commands(settings):
    """The commands of one deployment, started at once: a service waits by itself for broker and schema."""
    config = [part for path in settings.config_files for part in ("--config-file", path)]
    config += ["--config-file", settings.generated_config]
    plan = [
        Command("broker", (script("minova-broker"), *config)),
        Command("db sync", (script("minova-manage"), *config, "db", "sync"), one_shot=True),
        Command("conductor", (script("minova-conductor"), *config)),
        Command("scheduler", (script("minova-scheduler"), *config)),
        Command("network", (script("minova-network"), *config)),
        Command("compute", (script("minova-compute"), *config, "--hosts", str(settings.hosts))),
        Command("api", (script("minova-api"), *config)),
    ]
    return [command for command in plan if settings.embedded_broker or command.service != "broker"]


def turn_to_stop(service):
    """Position in STOP_ORDER."""
    return next(turn for turn, services in enumerate(STOP_ORDER) if service in services)


def script(name):
    """Absolute path of a console script of this installation.

    :raises errors.UpError: when it is not installed.
    """
    path = os.path.join(os.path.dirname(sys.executable), name)
    if not os.access(path, os.X_OK):
        raise errors.UpError(f"{path} is missing. Install minova there: {sys.executable} -m pip install -e .")
    return path


def config_text(settings):
    """The configuration file that all processes read after the user's own."""
    sections = {
        "DEFAULT": {"transport_url": settings.transport_url, "state_path": settings.state_path},
        "api": {"listen": settings.api_listen, "port": settings.api_port},
    }
    if settings.embedded_broker:
        sections["broker"] = {"listen": settings.broker_listen, "port": settings.broker_port}
    if settings.rabbit_options:
        sections["oslo_messaging_rabbit"] = settings.rabbit_options
    if settings.database_connection:
        sections["database"] = {"connection": settings.database_connection}
    for service, number in settings.workers.items():
        sections.setdefault(service, {})["workers"] = number
    lines = ["# Written by `minova up` at each start; changes here are lost."]
    for section, options in sections.items():
        lines += ["", f"[{section}]", *(f"{name} = {_escaped(value)}" for name, value in options.items())]
    return "\n".join(lines) + "\n"


def write_config(settings):
    """Write the generated configuration; it may hold passwords, so nobody else can read it."""
    os.makedirs(settings.state_path, exist_ok=True)
    descriptor = os.open(settings.generated_config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as config:
        config.write(config_text(settings))


def _escaped(value):
    """In an oslo.config value `$` begins a reference to another option, `$$` is the character."""
    return str(value).replace("$", "$$")
