"""Persons' facts as Arrow files, kept beside the ledger: they leave PostgreSQL once for each moment of it."""

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
from msgspec import Struct

from infra.files.atomic import PRIVATE, write_atomically
from infra.settings import Settings
from processors.simulation.facts import SimulatedPerson
from processors.simulation.variant import SimulationScope

FOLDER = "simulation"
PROVEN = ".proven"
PERSONS_PER_BATCH = 500
_SCHEMA = pa.schema([pa.field("person_id", pa.string()), pa.field("facts", pa.binary())])
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(SimulatedPerson)


def place_for_facts(settings: Settings) -> Path | None:
    """The data directory that keeps facts: none is made for them alone."""
    return settings.data_dir if settings.data_dir.is_dir() else None


def shards_of(data_dir: Path, moment: str) -> Path:
    """The folder for the facts of a moment of the ledger, readable by its owner alone; those of others are removed."""
    folder = data_dir / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    for other in folder.iterdir():
        if other.name != moment:
            shutil.rmtree(other, ignore_errors=True)
    (folder / moment).mkdir(mode=0o700, exist_ok=True)
    return folder / moment


def shard_file(folder: Path, number: int) -> Path:
    """The file of one part of the persons."""
    return folder / f"{number:06d}.arrow"


def write_shard(path: Path, persons: Sequence[SimulatedPerson]) -> None:
    """Write a part whole, or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.touch(mode=0o600)
    with unfinished.open("wb") as file, pa.ipc.new_file(file, _SCHEMA) as writer:
        for start in range(0, len(persons), PERSONS_PER_BATCH):
            writer.write_batch(_batch(persons[start : start + PERSONS_PER_BATCH]))
    unfinished.replace(path)


def read_shard(path: Path) -> Iterator[SimulatedPerson]:
    """The persons of a part, from the mapped file: one batch is in memory. Raises ``FileNotFoundError``."""
    with pa.memory_map(str(path)) as mapped, pa.ipc.open_file(mapped) as reader:
        for number in range(reader.num_record_batches):
            for facts in reader.get_batch(number).column("facts"):
                yield _DECODER.decode(facts.as_buffer())


class _Proof(Struct, frozen=True):
    """Of which claims it was found that a shard's facts settle to what is booked; ``shard`` is its size and time."""

    schemes: list[str]
    region: str | None
    shard: tuple[int, int]


def is_proven(path: Path, scope: SimulationScope) -> bool:
    """Whether whoever has a claim that counts was found to be booked as a shard's facts settle. These very facts were
    read and settled by this very program: the folder's name says so. Raises ``FileNotFoundError`` where the shard was
    removed."""
    try:
        proof = msgspec.msgpack.decode(path.with_suffix(PROVEN).read_bytes(), type=_Proof)
    except (FileNotFoundError, msgspec.DecodeError):
        return False
    wide = proof.region in (None, scope.region)
    return wide and proof.shard == _state_of(path) and scope.schemes <= set(proof.schemes)


def note_proven(path: Path, scope: SimulationScope) -> None:
    """Note that it was found for the claims that count. Raises ``FileNotFoundError`` where the shard was removed."""
    proof = _Proof(sorted(scope.schemes), scope.region, _state_of(path))
    write_atomically(path.with_suffix(PROVEN), msgspec.msgpack.encode(proof), PRIVATE)


def _state_of(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _batch(persons: Sequence[SimulatedPerson]) -> pa.RecordBatch:
    ids = pa.array([person.person_id for person in persons], pa.string())
    return pa.record_batch([ids, pa.array(map(_ENCODER.encode, persons), pa.binary())], schema=_SCHEMA)
