"""Suites written against a port: every adapter passes the same one."""
