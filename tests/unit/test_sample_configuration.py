# SPDX-License-Identifier: Apache-2.0
"""etc/minova.conf is what oslo.config's generator makes of the options now."""

import os
import pathlib
import subprocess
import sys

_ROOT = pathlib.Path(__file__).parents[2]


def test_the_sample_configuration_is_fresh(tmp_path):
    generator = pathlib.Path(sys.executable).with_name("oslo-config-generator")
    fresh = tmp_path / "minova.conf"

    subprocess.run(
        [generator, "--config-file", "etc/minova-config-generator.conf", "--output-file", fresh],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        check=True,
        timeout=60,
    )

    sample = (_ROOT / "etc/minova.conf").read_text()
    advice = "run: oslo-config-generator --config-file etc/minova-config-generator.conf"
    assert sample == fresh.read_text(), advice
