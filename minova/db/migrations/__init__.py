# SPDX-License-Identifier: Apache-2.0
"""Alembic's environment: how the tables come to be. Run by ``minova/db/migration.py``."""
