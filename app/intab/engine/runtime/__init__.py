"""What computes: a runtime, a network, its sessions and KV cache, and the ways to run a model."""
