"""What the page's worker does: programs, messages, the panel of stored models."""
