"""Measurements in a real browser: ratios within one run, medians over interleaved rounds."""
