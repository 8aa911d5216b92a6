# SPDX-License-Identifier: Apache-2.0
"""Builds the project's image with buildah, without a container engine; see check_image.py."""

import ast
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[1]
IMAGE = "localhost/minova:check"


class CheckError(Exception):
    """Something does not work; the text says what."""


def need_programs():
    """:raises CheckError: when something is missing that the rest of this module takes for granted."""
    missing = [name for name in ("buildah", "debootstrap", "tar") if not shutil.which(name)]
    if missing:
        raise CheckError(f"needs {', '.join(missing)}; on Debian: apt-get install {' '.join(missing)}")
    if os.geteuid() != 0:
        raise CheckError("needs root, as debootstrap and buildah's chroot isolation do")


def make_base_image(suite, rebuild=False):
    """The name of a local image of that Debian with Python; it is kept, as it takes a minute to make."""
    image = f"localhost/minova-base:{suite}"
    if not rebuild and has_image(image):
        return image
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory, container("scratch") as name:
        tree, archive = f"{directory}/tree", f"{directory}/tree.tar"
        packages = "ca-certificates,python3,python3-venv"
        run("debootstrap", "--variant=minbase", f"--include={packages}", suite, tree)
        # An archive keeps the owners and modes of all files, which a copy into the container would not.
        run("tar", "--create", "--one-file-system", f"--file={archive}", f"--directory={tree}", ".")
        run("buildah", "add", "--quiet", name, archive, "/")
        run("buildah", "commit", "--quiet", name, image)
    return image


def has_image(image):
    done = subprocess.run(["buildah", "inspect", "--type", "image", image], capture_output=True)
    return done.returncode == 0


def build(base_image):
    """Build IMAGE as the Dockerfile says, on another base."""
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as pip_conf:
        volumes = [f"--volume={volume}" for volume in _pip_volumes(pip_conf)]
        base = f"--build-arg=BASE_IMAGE={base_image}"
        run("buildah", "build", "--isolation=chroot", base, *volumes, f"--tag={IMAGE}", str(ROOT))


def _pip_volumes(pip_conf):
    """What gives the build this machine's pip settings, and leaves none of them in the image."""
    settings = _pip_settings()
    lines = [f"{name} = {' '.join(value.split())}\n" for name, value in settings.items()]
    pip_conf.write("".join(["[global]\n", *lines]))
    pip_conf.flush()
    os.chmod(pip_conf.name, 0o644)
    yield f"{pip_conf.name}:/etc/pip.conf:ro"
    for path in sorted(_local_paths(" ".join(settings.values()))):
        yield f"{path}:{path}:ro"


def _local_paths(text):
    """Certificates, directories of packages, and indexes, whose pages (`simple`) link to what lies beside them."""
    paths = map(pathlib.Path, re.findall(r"(?:^|\s|file://)(/[^\s,]+)", text))
    return {str(path.parent if path.name == "simple" else path) for path in paths if path.exists()}


def _pip_settings():
    listing = run(sys.executable, "-m", "pip", "config", "list")
    settings = {}
    for line in listing.splitlines():
        name, _, value = line.partition("=")
        # Those of the environment come last, and win, as they do for pip.
        settings[name.rpartition(".")[2]] = ast.literal_eval(value)
    return settings


@contextlib.contextmanager
def container(image):
    """The name of a container of that image, removed at the end."""
    name = run("buildah", "from", "--pull-never", image).strip()
    try:
        yield name
    finally:
        run("buildah", "rm", name)


def run(*command):
    """What the command prints.

    :raises CheckError: with its last lines when it fails.
    """
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        last_lines = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise CheckError(f"{' '.join(command)} failed:\n{last_lines}")
    return done.stdout
