# SPDX-License-Identifier: Apache-2.0
"""Instances: what users may ask of them (api.py) and the service that runs them (manager.py)."""
