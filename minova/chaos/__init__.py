# SPDX-License-Identifier: Apache-2.0
"""Storms against a minova, and the checks that tell what they broke."""
