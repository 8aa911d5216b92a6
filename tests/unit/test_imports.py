# SPDX-License-Identifier: Apache-2.0
"""Holds the table of docs/architecture.md: who may import whom."""

import ast
import pathlib

import pytest

_ROOT = pathlib.Path(__file__).parents[2] / "minova"
_MANAGERS = [f"minova.{noun}.manager" for noun in ("compute", "conductor", "scheduler", "network")]
_RPCAPIS = [f"minova.{noun}.rpcapi" for noun in ("compute", "conductor", "scheduler", "network")]
_DATABASE = ["minova.db", "sqlalchemy", "oslo_db", "alembic"]

# What (a prefix of module names) may import nothing of the second column.
_FORBIDDEN = [
    ("minova.rpc", [*_MANAGERS, *_DATABASE, "flask"]),
    ("minova.rpc_address", [*_MANAGERS, *_DATABASE, "flask"]),
    ("minova.rpc_reconnect", [*_MANAGERS, *_DATABASE, "flask"]),
    ("minova.rpc_client", [*_MANAGERS, *_DATABASE, "flask"]),
    ("minova.rpc_hosts", [*_MANAGERS, *_DATABASE, "flask"]),
    ("minova.rpc_impatient", [*_MANAGERS, *_DATABASE, "flask"]),
    ("minova.baserpc", [*_MANAGERS, *_DATABASE, "flask"]),
    ("minova.service", [*_MANAGERS, *_DATABASE, "flask"]),
    *[(rpcapi, [*_MANAGERS, *_DATABASE]) for rpcapi in _RPCAPIS],
    ("minova.compute.manager", [*_DATABASE, "flask"]),
    ("minova.compute.build", [*_DATABASE, "flask"]),
    ("minova.compute.rebuild", [*_DATABASE, "flask"]),
    ("minova.compute.actions", [*_DATABASE, "flask"]),
    ("minova.compute.reconcile", [*_DATABASE, "flask"]),
    ("minova.compute.resource_tracker", [*_DATABASE, "flask"]),
    ("minova.virt", [*_DATABASE, "flask"]),
    ("minova.debug", [*_DATABASE, "flask"]),
    ("minova.page", [*_MANAGERS, *_RPCAPIS, "oslo_messaging"]),
    ("minova.explain", ["minova.doctor", "flask"]),
    ("minova.doctor", ["flask"]),
    ("minova.api", ["minova.db", "sqlalchemy", "alembic", *_RPCAPIS]),
]

# What may import of minova only the second column.
_ALLOWED = [
    ("minova.exception", []),
    ("minova.conf", ["minova.conf", "minova.exception"]),
    ("minova.context", ["minova.exception"]),
    ("minova.objects", ["minova.objects", "minova.exception"]),
    ("minova.broker", ["minova.broker", "minova.conf"]),
    ("minova.trace", ["minova.trace", "minova.up"]),
    ("minova.scheduler.filters", ["minova.scheduler.filters", "minova.conf", "minova.objects"]),
    ("minova.scheduler.weights", ["minova.scheduler.weights", "minova.conf", "minova.objects"]),
]


def _within(module, prefixes):
    return any(module == prefix or module.startswith(f"{prefix}.") for prefix in prefixes)


def _modules():
    for path in sorted(_ROOT.rglob("*.py")):
        parts = path.relative_to(_ROOT.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _offences(prefix, is_offence):
    return [
        f"{module} imports {imported}"
        for module, path in _modules()
        if _within(module, [prefix])
        for imported in _imports(path)
        if is_offence(imported)
    ]


@pytest.mark.parametrize(("prefix", "forbidden"), _FORBIDDEN, ids=[row[0] for row in _FORBIDDEN])
def test_what_must_not_be_imported(prefix, forbidden):
    assert _offences(prefix, lambda imported: _within(imported, forbidden)) == []


@pytest.mark.parametrize(("prefix", "allowed"), _ALLOWED, ids=[row[0] for row in _ALLOWED])
def test_what_alone_may_be_imported(prefix, allowed):
    own = [*allowed, "minova.conf.CONF"]
    assert (
        _offences(prefix, lambda imported: _within(imported, ["minova"]) and not _within(imported, own)) == []
    )


def test_nobody_imports_a_console_script():
    offences = _offences("minova", lambda imported: _within(imported, ["minova.cmd"]))

    assert [line for line in offences if not line.startswith("minova.cmd.")] == []


def test_only_the_error_map_of_the_api_knows_bus_and_database():
    offences = _offences("minova.api", lambda imported: _within(imported, ["oslo_messaging", "oslo_db"]))

    assert [line for line in offences if not line.startswith("minova.api.errors ")] == []
