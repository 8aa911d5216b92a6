# SPDX-License-Identifier: Apache-2.0
"""What scripts/run says on a machine that lacks something; the environment itself is not made here, it takes long."""

import pathlib
import shutil
import subprocess
import sys

import pytest

SCRIPTS = pathlib.Path(__file__).parents[2] / "scripts"


@pytest.fixture
def checkout(tmp_path):
    """A copy of the scripts, and a folder of programs that is the whole PATH."""
    root = tmp_path / "a checkout"
    (root / "scripts").mkdir(parents=True)
    for name in ("run", "test", "venv.sh"):
        shutil.copy(SCRIPTS / name, root / "scripts" / name)
    for name in ("setup.cfg", "pyproject.toml"):
        (root / name).write_text("")
    (root / "path").mkdir()
    for name in ("dirname", "cksum", "tr", "cat", "tail"):
        (root / "path" / name).symlink_to(shutil.which(name))
    return root


def run_script(checkout, name):
    return subprocess.run(
        ["/bin/sh", checkout / "scripts" / name],
        env={"PATH": str(checkout / "path")},
        capture_output=True,
        text=True,
        timeout=60,
    )


def add_program(checkout, name, script):
    path = checkout / "path" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("name", ["run", "test"])
def test_without_python_it_says_how_to_get_one(checkout, name):
    done = run_script(checkout, name)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert "apt install python3" in done.stderr


def test_an_old_python_does_not_count(checkout):
    add_program(checkout, "python3", "exit 1")
    assert "needs Python 3.11 or newer" in run_script(checkout, "run").stderr


def test_without_the_venv_module_it_names_the_package(checkout):
    refuse = 'case "$2" in *ensurepip*) exit 1;; esac'
    add_program(checkout, "python3", f'{refuse}; exec "{sys.executable}" "$@"')
    done = run_script(checkout, "run")
    assert done.returncode == 1
    major, minor = sys.version_info[:2]
    assert f"apt install python{major}.{minor}-venv" in done.stderr


def test_an_installed_environment_is_used_as_it_is(checkout):
    bin_ = checkout / ".venv" / "bin"
    bin_.mkdir(parents=True)
    (bin_ / "python").symlink_to(sys.executable)
    (bin_ / "minova").write_text('#!/bin/sh\necho "minova $@"\n')
    (bin_ / "minova").chmod(0o755)
    print_fingerprint = f'. "{checkout}/scripts/venv.sh"; ROOT="{checkout}"; fingerprint'
    fingerprint = subprocess.run(["/bin/sh", "-c", print_fingerprint], capture_output=True, text=True).stdout
    (checkout / ".venv" / "installed-test").write_text(fingerprint)
    assert run_script(checkout, "run").stdout == "minova up --demo\n"
