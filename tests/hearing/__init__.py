"""Speech written down, compared with transformers, by a real model and real sounds."""
