"""From logits to text: options, sampling, the loops that generate, figures."""
