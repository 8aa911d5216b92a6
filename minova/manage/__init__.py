# SPDX-License-Identifier: Apache-2.0
"""The commands of minova-manage, one module per noun."""
