# SPDX-License-Identifier: Apache-2.0
"""`minova up` and its companions: every service as a process of this machine.

Standard library only, so that it starts at once and stays small.
"""
