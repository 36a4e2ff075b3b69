"""Of a model's graphs those that a task needs, together: a variant is named by its first graph's
dtype. The others have the same if there is one, or what was asked for them.

    variants = make_variants(manifest, (Need(("encoder_model",)), Need(("decoder_model_merged",))))
    variants.dtypes["q4"]    # the files of both
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from intab.engine.hub.layout import find_roles
from intab.engine.hub.manifest import PREFERENCE, Manifest
from intab.engine.hub.roles import DECODER, Files, Need, nearest, place_of
from intab.errors import DeviceError, ModelNotFoundError, OptionError

Asked = Mapping[str, str]  # role -> dtype, or role -> device


@dataclass(frozen=True)
class Part:
    """One graph of a variant."""

    role: str
    dtype: str
    files: Files


@dataclass(frozen=True)
class Variants:
    """What may be loaded: `parts` of each variant, in the order of the task's needs.

    devices: where single roles run, if that was asked for.
    in_turns: whether a device may hold one graph after the other.
    """

    manifest: Manifest
    parts: dict[str, tuple[Part, ...]]
    devices: Asked = field(default_factory=dict)
    in_turns: bool = False

    @property
    def dtypes(self) -> dict[str, Files]:
        """The files of each variant, first those of its first graph."""
        return {
            dtype: tuple(dict.fromkeys(name for part in parts for name in part.files))
            for dtype, parts in self.parts.items()
        }

    def is_for(self, dtype: str, device: str) -> bool:
        """Whether a variant may run on a device."""
        return all(
            self.manifest.is_for(part.dtype, self.devices.get(part.role, device))
            for part in self.parts[dtype]
        )

    def expands(self, dtype: str) -> bool:
        """Whether its first graph's int8 weights are floats once they are loaded."""
        return self.manifest.expands(dtype)

    def with_data(self, named: Mapping[str, Sequence[str]]) -> Variants:
        """The same, knowing the external data that each of these graphs names."""

        def told(files: Files) -> Files:
            return (files[0], *named[files[0]]) if files[0] in named else files

        roles = {
            role: {dtype: told(files) for dtype, files in its.items()}
            for role, its in self.manifest.roles.items()
        }
        files = {**self.manifest.files}
        files |= self.manifest.entries(name for names in named.values() for name in names)
        files |= self.manifest.entries(named)
        parts = {
            dtype: tuple(replace(part, files=told(part.files)) for part in each)
            for dtype, each in self.parts.items()
        }
        manifest = replace(self.manifest, roles=roles, files=files)
        return replace(self, manifest=manifest, parts=parts)

    def loss(self, dtype: str) -> float:
        """How much more perplexity its first graph has than fp32; 0 if that is not known."""
        return self.manifest.loss(dtype)

    def choose_dtype(
        self, device: str, wanted: str | None = None, good: Collection[str] = ()
    ) -> tuple[str, str]:
        """The dtype to load on `device` and why: the wanted one, else what the device runs best,
        of those that are `good` if there are any."""
        have = ", ".join(self.parts) or "none"
        if wanted is not None and wanted not in self.parts:
            raise DeviceError(f"The model has no dtype {wanted!r}; it has: {have}.")
        if wanted is not None:
            if not self.is_for(wanted, device):
                devices = self.manifest.devices.get(wanted, ())
                advice = (
                    f"choose {' or '.join(devices)}, or another dtype"
                    if devices
                    else "choose another dtype"
                )
                raise DeviceError(
                    f"The model's {wanted} computes something else on {device}: {advice}."
                )
            return wanted, "as asked for"
        for dtype in sorted(PREFERENCE[device], key=lambda each: each not in good):
            if dtype in self.parts and self.is_for(dtype, device):
                only = len(self.parts) == 1
                return dtype, "the model's only dtype" if only else f"best on {device} of {have}"
        if self.parts:
            raise DeviceError(f"None of the model's dtypes is for {device}; it has: {have}.")
        raise ModelNotFoundError(
            f"The folder holds no onnx/model*.onnx (dtypes found: {have}): "
            "export the model to ONNX first."
        )


PerRole = str | Mapping[str, str] | None  # one for all graphs, or one for each of some roles


@dataclass(frozen=True)
class Choice:
    """What was asked for: a dtype and a device, for all graphs or for single roles."""

    dtype: str | None = None
    device: str | None = None
    dtypes: Asked = field(default_factory=dict)
    devices: Asked = field(default_factory=dict)

    @classmethod
    def of(cls, dtype: PerRole, device: PerRole) -> Choice:
        """OptionError if one is neither a name nor names by role."""
        for option, value in (("dtype", dtype), ("device", device)):
            names = [*value, *value.values()] if isinstance(value, Mapping) else [value or ""]
            if not all(isinstance(name, str) for name in names):
                raise OptionError(
                    f"{option} must be a name or a dict of a name for each role, not {value!r}."
                )
        one_dtype, dtypes = _split(dtype)
        one_device, devices = _split(device)
        return cls(one_dtype, one_device, dtypes, devices)

    @property
    def key(self) -> Hashable:
        """Equal for the same choice."""
        by_role = (tuple(sorted(its.items())) for its in (self.dtypes, self.devices))
        return (self.dtype, self.device, *by_role)

    @property
    def all_devices(self) -> list[str]:
        """All that are named."""
        return [*([self.device] if self.device is not None else []), *self.devices.values()]

    def first(self, need: Need) -> tuple[str | None, str | None]:
        """The device and the dtype of a task's first graph."""
        device = next((self.devices[r] for r in need.roles if r in self.devices), self.device)
        dtype = next((self.dtypes[r] for r in need.roles if r in self.dtypes), self.dtype)
        return device, dtype

    def of_graph(self, dtype: str) -> Choice:
        """The same if the first graph was named by its path."""
        return replace(self, dtype=None if self.dtypes else dtype)

    def variants(self, manifest: Manifest, needs: Sequence[Need]) -> Variants:
        """What may be loaded of it; DeviceError names a role or dtype that is not there."""
        found = make_variants(manifest, needs, self.dtype, self.dtypes, self.devices)
        first = needs[0].roles
        return replace(found, devices={r: d for r, d in self.devices.items() if r not in first})


def _split(value: PerRole) -> tuple[str | None, Asked]:
    return (None, dict(value)) if isinstance(value, Mapping) else (value, {})


def make_variants(
    manifest: Manifest,
    needs: Sequence[Need] = DECODER,
    dtype: str | None = None,
    dtypes: Asked | None = None,
    devices: Asked | None = None,
) -> Variants:
    """The variants that meet the needs; none if the first need has no graph.

    dtype: what all graphs are asked to have, dtypes: what those of single roles are; DeviceError
    if a graph does not have it, or if there is no such role.
    """
    dtypes, devices = dtypes or {}, devices or {}
    for role in (*dtypes, *devices):
        _check_role(manifest, needs, role)
    first, *others = needs
    parts = {
        part.dtype: (part, *_beside(manifest, others, part, dtype, dtypes))
        for part in _first(manifest, first, dtypes)
        if dtype in (None, part.dtype)
    }
    if dtype is not None and not parts:  # named with those that there are
        parts = {part.dtype: (part,) for part in _first(manifest, first, dtypes)}
    return Variants(manifest, parts, devices, all(need.in_turns for need in needs))


def _check_role(manifest: Manifest, needs: Sequence[Need], role: str) -> None:
    used = [name for need in needs for name in need.roles if name in manifest.roles]
    if role not in manifest.roles:
        have = ", ".join(manifest.roles) or "none"
        raise DeviceError(f"The model has no role {role!r}; it has: {have}.")
    if role not in used:
        raise DeviceError(f"The role {role} is not used here; used are: {', '.join(used)}.")


def _first(manifest: Manifest, need: Need, asked: Asked) -> Iterator[Part]:
    """The graphs that name the variants; that of the role of which a dtype was asked, if any."""
    roles = [role for role in need.roles if role in asked] or need.roles
    found: dict[str, tuple[int, Part]] = {}
    for role in roles:
        for dtype, files in manifest.roles.get(role, {}).items():
            if asked.get(role, dtype) == dtype:
                each = place_of(files[0]), Part(role, dtype, files)
                found[dtype] = min(found.get(dtype, each), each, key=lambda one: one[0])
    for role in (r for r in roles if r in asked and asked[r] not in manifest.roles[r]):
        raise _no_dtype(manifest, role, asked[role])
    yield from (part for _, part in found.values())


def _beside(
    manifest: Manifest, needs: Sequence[Need], first: Part, dtype: str | None, asked: Asked
) -> Iterator[Part]:
    chosen = {first.role: first.dtype}
    for need in needs:
        if need.beside and need.beside not in chosen:
            continue
        there = [role for role in need.roles if role in manifest.roles]
        if not there:
            if need.optional:
                continue
            raise ModelNotFoundError(
                f"The model has no {' or '.join(need.roles)}, which stands beside {first.role}; "
                f"its graphs are: {', '.join(manifest.roles)}."
            )
        role = next((r for r in there if r in asked), "") or next(
            (r for r in there if first.dtype in manifest.roles[r]), there[0]
        )
        have = manifest.roles[role]
        wanted = asked.get(role) or (None if need.optional else dtype)
        if wanted is not None and wanted not in have:
            raise _no_dtype(manifest, role, wanted)
        kind = wanted or nearest(chosen.get(need.beside, first.dtype), have)
        chosen[role] = kind
        yield Part(role, kind, have[kind])


def _no_dtype(manifest: Manifest, role: str, dtype: str) -> DeviceError:
    have = ", ".join(manifest.roles[role])
    return DeviceError(
        f"The model's {role} has no dtype {dtype!r}; it has: {have}. A dtype may be chosen for "
        f"each graph: dtype={{{role!r}: {next(iter(manifest.roles[role]))!r}, ...}}."
    )


def find_dtypes(files: Iterable[str], folder: str = "") -> dict[str, Files]:
    """The dtypes of a decoder that a folder in these files offers, with their files."""
    return make_variants(Manifest({}, find_roles(files, folder))).dtypes
