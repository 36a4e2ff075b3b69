"""The command line, for CPython only; no other ring imports it."""
