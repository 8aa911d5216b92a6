# SPDX-License-Identifier: Apache-2.0
"""The debugger's commands: `minova hold`, `minova step` and `minova fault`, and their client of the broker."""
