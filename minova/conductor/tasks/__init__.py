# SPDX-License-Identifier: Apache-2.0
"""The long tasks: what a conductor does in several steps."""
