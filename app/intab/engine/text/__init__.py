"""Text to ids and back, prompts and chat templates.

A template is untrusted code: its resources are limited.
"""
