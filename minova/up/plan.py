# SPDX-License-Identifier: Apache-2.0
"""The processes that make a minova: which commands, with which configuration, stopped in which order."""

import dataclasses
import itertools
import os
import sys

from minova.up import errors

# What is stopped together. Each may still need those behind it while it finishes what it has in hand.
STOP_ORDER = (
    ("api", "db sync"),
    ("compute",),
    ("conductor",),
    ("scheduler", "network"),
    ("page",),
    ("broker",),
)


@dataclasses.dataclass(frozen=True)
class Command:
    """One process to start."""

    service: str
    argv: tuple
    # A one-shot command has to end with exit code 0; any other has to stay.
    one_shot: bool = False
    # Options of this process alone, as environment variables.
    environment: dict = dataclasses.field(default_factory=dict)


def commands(settings):
    """The commands of one deployment, started at once: a service waits by itself for broker and schema."""
    config = [part for path in settings.config_files for part in ("--config-file", path)]
    config += ["--config-file", settings.generated_config]
    plan = [
        Command("broker", (script("minova-broker"), *config)),
        Command("db sync", (script("minova-manage"), *config, "db", "sync"), one_shot=True),
    ]
    for kind in ("conductor", "scheduler", "network", "compute", "api"):
        plan += _processes(settings, kind, config)
    if settings.page_port is not None:
        plan.append(Command("page", (script("minova-page"), *config)))
    return [command for command in plan if settings.embedded_broker or command.service != "broker"]


def turn_to_stop(service):
    """Position in STOP_ORDER."""
    kind = kind_of(service)
    return next(turn for turn, services in enumerate(STOP_ORDER) if kind in services)


def kind_of(service):
    """`conductor` of `conductor-2`, the second of several processes."""
    return service.partition("-")[0]


def controller(number):
    """Name of the host as which the process of that number reports, where there are several of a kind."""
    return f"controller{number}"


def api_urls(settings):
    """Service to URL, of each process of the API."""
    ports = (settings.api_port, *settings.further_api_ports)
    return dict(zip(_names(settings, "api"), map(settings.url_of_port, ports), strict=True))


def _processes(settings, kind, config):
    """The processes of one kind."""
    argv, names = (script(f"minova-{kind}"), *config), _names(settings, kind)
    if kind == "compute":
        shares = zip(names, _shares(settings.hosts, len(names)), strict=True)
        return [Command(name, (*argv, *_hosts_options(*share))) for name, share in shares]
    if len(names) == 1:
        return [Command(kind, argv)]
    # Several of a kind are as if each ran on a controller of its own.
    several = [Command(name, (*argv, "--host", controller(n))) for n, name in enumerate(names, start=1)]
    if kind != "api":
        return several
    ports = (settings.api_port, *settings.further_api_ports)
    return [
        dataclasses.replace(command, environment={"OS_API__PORT": str(port)})
        for command, port in zip(several, ports, strict=True)
    ]


def _names(settings, kind):
    count = settings.processes.get(kind, 1)
    return [kind] if count == 1 else [f"{kind}-{n}" for n in range(1, count + 1)]


def _shares(hosts, count):
    """(number of the first, how many) of the hosts of each of ``count`` processes."""
    bounds = [hosts * n // count for n in range(count + 1)]
    return [(begin + 1, end - begin) for begin, end in itertools.pairwise(bounds)]


def _hosts_options(first, count):
    options = ("--hosts", str(count))
    return options if first == 1 else (*options, "--first-host", str(first))


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
        sections["broker"] = {
            "listen": settings.broker_listen,
            "port": settings.broker_port,
            "management_port": settings.management_port,
        }
    if settings.page_port is not None:
        sections["page"] = {"listen": settings.page_listen, "port": settings.page_port}
        if settings.embedded_broker:
            sections["page"]["management_url"] = settings.management_url
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
