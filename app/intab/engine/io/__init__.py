"""Bytes over a network: what a platform provides, retries, ranges, integrity. Nothing of models."""
