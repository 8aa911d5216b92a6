# SPDX-License-Identifier: Apache-2.0
"""The embedded broker: AMQP 0-9-1 in RabbitMQ's dialect, in memory, on asyncio and the pamqp codec."""
