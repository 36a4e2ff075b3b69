"""From a model's name to its files: addresses, a hub's lists and commits, manifests."""
