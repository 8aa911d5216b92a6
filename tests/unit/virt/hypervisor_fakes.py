# SPDX-License-Identifier: Apache-2.0
"""What the tests of the simulated hypervisor share: instances, configurations, patience."""

import time
import uuid
from dataclasses import dataclass, field

from oslo_config import cfg

from minova.conf import base, fake_driver


@dataclass
class FakeInstance:
    """What a driver reads of the versioned object."""

    display_name: str = "vm"
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    vcpus: int = 1
    memory_mb: int = 512
    root_gb: int = 1
    metadata: dict = field(default_factory=dict)
    task_id: str | None = field(default_factory=lambda: str(uuid.uuid4()))
    attempt: int = 1


def new_conf(state_path, **options):
    conf = cfg.ConfigOpts()
    base.register_opts(conf)
    # Not register_opts(): configurations that share an OptGroup share what is overridden in it.
    conf.register_opts(fake_driver.OPTS, group="fake_driver")
    conf([], default_config_files=[])
    conf.set_override("state_path", str(state_path))
    for name, value in options.items():
        conf.set_override(name, value, group="fake_driver")
    return conf


def wait_for(condition, seconds=10):
    """Wait until the condition holds and return what it returned; fail when it does not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.005)
    raise AssertionError(f"{condition} did not come true within {seconds} s")
