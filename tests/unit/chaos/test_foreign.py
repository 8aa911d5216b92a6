# SPDX-License-Identifier: Apache-2.0
"""What a storm does to an SQLite file; what it does to servers is tested on real ones."""

import sqlite3

import pytest

from minova.chaos import foreign


def test_nobody_writes_while_a_file_is_locked_and_everybody_afterwards(tmp_path):
    path = str(tmp_path / "db")
    writer = sqlite3.connect(path, timeout=0, isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("CREATE TABLE t (n)")

    def while_locked():
        assert writer.execute("SELECT COUNT(*) FROM t").fetchone() == (0,)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            writer.execute("INSERT INTO t VALUES (1)")

    foreign.SQLite(path).lock(while_locked)
    writer.execute("INSERT INTO t VALUES (2)")

    assert writer.execute("SELECT n FROM t").fetchall() == [(2,)]
    writer.close()
