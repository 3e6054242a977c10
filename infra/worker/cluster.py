"""The workers of a Dask cluster as an executor: the same work on several machines."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager

CONNECT_S = 30


class ClusterError(ValueError):
    """A cluster that can't be used."""


@asynccontextmanager
async def cluster_executor(address: str) -> AsyncIterator[Executor]:
    """An executor by the scheduler at an address, such as ``tcp://10.0.0.5:8786``; its work is given up with it.

    Its workers have this program of the same version, and reach the database by the same URL. Raises ``ClusterError``.
    """
    try:
        from distributed import Client  # here: an extra of the package, and a second to load
    except ImportError:
        told = "未安装 Dask：pip install 'claims-ledger[cluster]' Dask is not installed"
        raise ClusterError(told) from None
    try:
        client = await asyncio.to_thread(Client, address, timeout=CONNECT_S)
    except (OSError, ValueError) as error:
        raise ClusterError(f"连不上 Dask 调度器 {address} no Dask scheduler answers there: {error}") from None
    executor: Executor = client.get_executor()  # type: ignore[no-untyped-call]
    try:
        yield executor
    finally:
        await asyncio.to_thread(executor.shutdown)
        await asyncio.to_thread(client.close)
