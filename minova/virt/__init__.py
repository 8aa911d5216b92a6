# SPDX-License-Identifier: Apache-2.0
"""The way to the hypervisors: driver.py is the contract, fake.py the simulated hypervisor that keeps it."""
