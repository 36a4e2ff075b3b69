"""The graphs of a pipeline: all of them held at once, or one after the other.

One after the other where a device cannot hold all: the one that is needed is opened, and the one
before it given back; its bytes stay where the platform has them, outside of the device.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic

from intab.engine.io.protocols import B
from intab.engine.runtime.graphs import Graph
from intab.engine.runtime.network import Network

Open = Callable[[str, Graph[B]], Awaitable[Network]]  # a role and its graph -> a network


class HeldGraphs(Generic[B]):
    """Opens graphs by their roles as they are asked for."""

    def __init__(self, graphs: dict[str, Graph[B]], opens: Open[B], *, in_turns: bool) -> None:
        self._graphs, self._opens = graphs, opens
        self.in_turns = in_turns
        self.networks: dict[str, Network] = {}
        self.devices: dict[str, str] = {}  # where each ran last

    async def get(self, role: str) -> Network:
        """The network of a role; DeviceError if it does not open."""
        if role in self.networks:
            return self.networks[role]
        if self.in_turns:
            await self.close()
            graph = self._graphs[role]
        else:
            graph = self._graphs.pop(role)  # its bytes, which the network makes its own
        network = await self._opens(role, graph)
        self.networks[role] = network
        self.devices[role] = network.device
        return network

    async def close(self) -> None:
        """Give back what is open."""
        while self.networks:
            await self.networks.popitem()[1].close()
