# SPDX-License-Identifier: Apache-2.0
"""`minova doctor`: looks at broker, database, services, queues, tasks, clocks and disk, and says what is wrong."""
