# SPDX-License-Identifier: Apache-2.0
"""RabbitMQ's HTTP management API: state.py says what the broker is like, routes.py serves it, http.py speaks HTTP."""
