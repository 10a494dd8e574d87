"""What all stores in PostgreSQL share: the server's address, threads with connections, the schema, and its errors.

How a call runs. Each is one function of the server's, in one round trip and one transaction of its own, so that a
client that vanishes leaves no transaction open, and a pooler (PgBouncer, transaction pooling) may give every call
another server connection: no session state, no named statement, no lock that outlives the call. It runs in one of a few
threads, each with a connection of its own. A cancelled caller leaves, and the call runs to its end or its time-out:
nothing is ever cancelled on the wire, where it could hit somebody else's call, and no connection is left in the middle
of an answer. Rejected: psycopg's ``AsyncConnection``, which sends a cancel request when its task is cancelled, and then
waits for the server; asyncpg, for the same reason, and because it can't run on all event loops.
"""
