"""Files of SQL, run whole: the server itself finds where each statement ends."""

import asyncpg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def run_script(connection: Connection, script: str) -> None:
    """Run any number of statements within the connection's transaction, by the simple query protocol.

    They take no parameters. Raises ``DBAPIError`` for the first that fails.
    """
    connection.exec_driver_sql("SELECT 1")  # SQLAlchemy begins the driver's transaction with its own first statement
    try:
        connection.connection.dbapi_connection.run_async(lambda driver: driver.execute(script))  # type: ignore[union-attr]
    except asyncpg.PostgresError as error:
        raise DBAPIError(None, None, error, hide_parameters=True) from error
