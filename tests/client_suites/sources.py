# SPDX-License-Identifier: Apache-2.0
"""The sources of a suite and the environment that it runs in, both in directories that the caller removes."""

import contextlib
import dataclasses
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv

_PYTEST = ("pytest>=8", "pytest-timeout", "pytest-rerunfailures")


class SourcesError(Exception):
    """There is nothing to run; the message says why."""


@dataclasses.dataclass(frozen=True)
class Address:
    """Where the broker of a run is."""

    host: str
    port: int
    vhost: str
    # 0 where there is none.
    tls_port: int = 0
    # The directory of what certificates.write wrote.
    certificates: str = ""


def find(suite, checkout, directory):
    """Return the directory of a suite's sources: the checkout, or the unpacked source distribution.

    :raises SourcesError: when the tests are not in it
    """
    found = checkout or _download(suite, directory)
    missing = [name for name in suite.tests if not (found / name).exists()]
    if missing:
        hint = "" if checkout else f"; name a checkout: --sources {suite.name}=DIRECTORY"
        raise SourcesError(f"{found.name} is without {missing[0]}{hint}")
    return found


def version(sources):
    """The version of the sources; "" where they do not say it in PKG-INFO, as in a checkout."""
    metadata = sources / "PKG-INFO"
    found = re.search(r"^Version: (\S+)", metadata.read_text(), re.MULTILINE) if metadata.exists() else None
    return found[1] if found else ""


def copy_for(suite, sources, address, directory):
    """Copy the sources, with the tests led to the broker at that address; return the copy.

    :raises SourcesError: when there is nothing left to edit: the library has changed its tests
    """
    copy = directory / suite.name
    shutil.copytree(sources, copy, ignore=shutil.ignore_patterns(".git"))
    for name, edits in suite.edits.items():
        text = (copy / name).read_text()
        for pattern, replacement in edits:
            text, count = re.subn(pattern, fill(replacement, address), text)
            if not count:
                raise SourcesError(f"{name} has nothing like {pattern}")
        (copy / name).write_text(text)
    for name, text in suite.replaced_files.items():
        (copy / name).write_text(fill(text, address))
    return copy


def fill(text, address):
    return text.format_map(dataclasses.asdict(address))


def make_environment(suite, sources, directory):
    """Make a virtual environment with the library's own dependencies; return its directory of programs."""
    venv.create(directory, with_pip=True)
    released = version(sources)
    library = f"{suite.distribution}=={released}" if released else suite.distribution
    _run_pip(directory / "bin" / "python", "install", *_PYTEST, library, *suite.requirements)
    return directory / "bin"


def _download(suite, directory):
    """Of what minova has installed the same version, else the newest."""
    wanted = suite.distribution
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        wanted += f"=={importlib.metadata.version(suite.distribution)}"
    target = directory / suite.name
    _run_pip(
        sys.executable,
        "download",
        "--no-deps",
        "--no-binary",
        suite.distribution,
        "--dest",
        str(target),
        wanted,
    )
    archive = next(target.glob("*.tar.gz"))
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")
    return archive.with_name(archive.name.removesuffix(".tar.gz"))


def _run_pip(python, *arguments):
    command = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    if done.returncode:
        raise SourcesError(f"pip {' '.join(arguments)}: {done.stderr.strip()[-500:]}")
