# SPDX-License-Identifier: Apache-2.0
"""What a run found, as tables for people and as JSON for programs."""

import dataclasses
import importlib.metadata
import os
import platform

ROW = "{:40} {:>9} {:4} {:>9} {:8} {:>12}"
_PACKAGES = ("minova", "oslo.messaging", "SQLAlchemy", "Flask", "amqp")


@dataclasses.dataclass
class Report:
    """Filled while the measuring goes on, so that a run that breaks off still has what it found."""

    setting: dict
    figures: list = dataclasses.field(default_factory=list)
    # {operation: {process: CPU ms}}
    cpu_ms: dict = dataclasses.field(default_factory=dict)
    # {process: accounting.Memory}
    memory: dict = dataclasses.field(default_factory=dict)
    # Sentences on what could not be measured.
    remarks: list = dataclasses.field(default_factory=list)

    def as_dict(self):
        return {
            "machine": machine(),
            "setting": self.setting,
            "figures": [_figure(figure) for figure in self.figures],
            "cpu_ms": self.cpu_ms,
            "memory": {name: dataclasses.asdict(memory) for name, memory in self.memory.items()},
            "remarks": self.remarks,
        }

    def text(self):
        parts = [_head(self.setting), _figures_table(self.figures)]
        if self.cpu_ms:
            parts.append(_cpu_table(self.cpu_ms))
        if self.memory:
            parts.append(_memory_table(self.memory))
        return "\n\n".join([*parts, *self.remarks])


def machine():
    """Processors and versions."""
    return {
        "cpus": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: _version(name) for name in _PACKAGES},
    }


def number(value):
    """Three digits that count, without an exponent."""
    if value == 0:
        return "0"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _figure(figure):
    aims = {"at_most": figure.kind.at_most, "at_least": figure.kind.at_least, "nova": figure.kind.nova}
    facts = {"title": figure.kind.title, "unit": figure.kind.unit, "reached": figure.reached}
    return {**dataclasses.asdict(figure), **facts, **aims}


def _head(setting):
    versions = ", ".join(f"{name} {value}" for name, value in machine().items())
    return "\n".join([*(f"{name}: {value}" for name, value in setting.items()), versions])


def _figures_table(figures):
    rows = [ROW.format("figure", "value", "", "aim", "reached", "real Nova")]
    for figure in figures:
        kind = figure.kind
        reached = {True: "yes", False: "NO", None: ""}[figure.reached]
        row = ROW.format(kind.title, number(figure.value), kind.unit, _aim(kind), reached, kind.nova or "-")
        rows.append(f"{row}  {figure.note}".rstrip())
    return "\n".join(rows)


def _aim(kind):
    if kind.at_most is not None:
        return f"<= {number(kind.at_most)}"
    return f">= {number(kind.at_least)}" if kind.at_least is not None else "-"


def _cpu_table(cpu_ms):
    """Operations as columns, processes as rows."""
    names = list(dict.fromkeys(name for column in cpu_ms.values() for name in column))
    head = "CPU ms per".ljust(14) + "".join(f"{operation:>10}" for operation in cpu_ms)
    rows = [
        name.ljust(14) + "".join(f"{_cell(column.get(name)):>10}" for column in cpu_ms.values())
        for name in names
    ]
    totals = "together".ljust(14) + "".join(f"{_cell(_served(column)):>10}" for column in cpu_ms.values())
    return "\n".join([head, *rows, totals])


def _served(column):
    return sum(value for name, value in column.items() if name != "clients")


def _cell(value):
    return "-" if value is None else f"{value:.2f}"


def _memory_table(memory):
    row = "{:14}{:>10}{:>10}{:>10}"
    rows = [row.format("memory", "RSS MB", "PSS MB", "processes")]
    for name, one in memory.items():
        rows.append(
            row.format(name, f"{one.rss_bytes / 1e6:.0f}", f"{one.pss_bytes / 1e6:.0f}", one.processes)
        )
    return "\n".join(rows)
