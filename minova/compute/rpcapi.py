# SPDX-License-Identifier: Apache-2.0
"""Client side of the ``compute`` topic; see manager.py. Every message goes to the host of its instance."""

import oslo_messaging as messaging

import minova.conf

CONF = minova.conf.CONF
TOPIC = "compute"


class ComputeAPI:
    """What may be asked of the compute that holds an instance.

    Version history:

    * 1.0 - build_and_run_instance, start_instance, stop_instance, reboot_instance, terminate_instance,
      get_console_output, get_diagnostics
    * 1.1 - build_and_run_instance takes alternates: a host that fails hands on to the next by itself,
      where one of 1.0 has the scheduler asked again
    * 1.2 - rebuild_instance
    """

    VERSION = "1.2"

    def __init__(self, bus):
        target = messaging.Target(topic=TOPIC, version="1.0")
        self._client = bus.get_client(target, version_cap=CONF.upgrade_levels.compute)

    def build_and_run_instance(self, context, instance, request_spec, alternates):
        """Build an instance on the host chosen for it; cast by a conductor."""
        arguments = {"instance": instance, "request_spec": request_spec}
        version = "1.0"
        if self._client.can_send_version("1.1"):
            version = "1.1"
            arguments["alternates"] = alternates
        cctxt = self._client.prepare(server=instance.host, version=version)
        cctxt.cast(context, "build_and_run_instance", **arguments)

    def can_rebuild_instance(self):
        """Whether rebuild_instance may be sent: an upgrade may have pinned the computes to a version without it."""
        return self._client.can_send_version("1.2")

    def rebuild_instance(self, context, instance, request_spec):
        """Make an evacuated instance anew on the host chosen for it; cast by a conductor.

        :raises oslo_messaging.RPCVersionCapError: unless ``can_rebuild_instance()``.
        """
        cctxt = self._client.prepare(server=instance.host, version="1.2")
        cctxt.cast(context, "rebuild_instance", instance=instance, request_spec=request_spec)

    def start_instance(self, context, instance):
        """Power an instance on; cast."""
        self._cast(context, "start_instance", instance)

    def stop_instance(self, context, instance):
        """Power an instance off; cast."""
        self._cast(context, "stop_instance", instance)

    def reboot_instance(self, context, instance, reboot_type):
        """Reboot an instance, ``SOFT`` or ``HARD``; cast."""
        self._cast(context, "reboot_instance", instance, reboot_type=reboot_type)

    def terminate_instance(self, context, instance):
        """Destroy the guest and have the record deleted; cast."""
        self._cast(context, "terminate_instance", instance)

    def get_console_output(self, context, instance, tail_length):
        """The last ``tail_length`` lines of the console log, None for all; call.

        :raises oslo_messaging.MessagingTimeout: when the compute shows no sign of life for [rpc] compute_timeout
            seconds.
        """
        return self._call(context, "get_console_output", instance, tail_length=tail_length)

    def get_diagnostics(self, context, instance):
        """What the hypervisor knows of the guest; call.

        :raises oslo_messaging.MessagingTimeout: when the compute shows no sign of life for [rpc] compute_timeout
            seconds.
        """
        return self._call(context, "get_diagnostics", instance)

    def _cast(self, context, method, instance, **arguments):
        self._client.prepare(server=instance.host).cast(context, method, instance=instance, **arguments)

    def _call(self, context, method, instance, **arguments):
        cctxt = self._client.prepare(
            server=instance.host,
            timeout=CONF.rpc.long_timeout,
            call_monitor_timeout=CONF.rpc.compute_timeout,
        )
        return cctxt.call(context, method, instance=instance, **arguments)
