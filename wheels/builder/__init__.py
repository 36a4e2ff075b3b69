"""Builds the wheels that no registry has: recipes in, wheels and their lock out."""
