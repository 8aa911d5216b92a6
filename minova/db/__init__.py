# SPDX-License-Identifier: Apache-2.0
"""The records: tables, queries, migrations."""
