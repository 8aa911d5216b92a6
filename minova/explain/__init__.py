# SPDX-License-Identifier: Apache-2.0
"""`minova explain`: the story of a server in sentences, from the records, a recording of the bus, and the broker."""
