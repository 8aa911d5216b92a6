# SPDX-License-Identifier: Apache-2.0
"""From a row of the records to what the API shows: plain functions, one module per noun."""
