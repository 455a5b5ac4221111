"""Tests of independence, shared by the audit and the search for label leakage."""
