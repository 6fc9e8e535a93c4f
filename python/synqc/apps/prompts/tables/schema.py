"""Tables: generations, their rows, and every call that was made for one."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, LargeBinary, MetaData, Table, Text

from synqc.storage.migrations import Component

__all__ = ["COMPONENT", "calls", "generations", "rows"]

metadata = MetaData()

generations = Table(
    "prompts_generations", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),  # old clients know a batch by it
    Column("job_id", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("request", LargeBinary, nullable=False),  # JSON
    Column("is_preview", Boolean, nullable=False),
    Column("rows_wanted", Integer, nullable=False),
    Column("created_at", Double, nullable=False),  # seconds since 1970, by the database's clock
    Column("updated_at", Double, nullable=False),
    Column("is_priced", Boolean, nullable=False),  # whether the price of each of its models is known
    Column("started_at", Double),  # first claim, from which its deadline counts
    Column("stop_reason", Text),
    Column("stop_words", Text, nullable=False),
    Column("finished", Integer, nullable=False),  # attempts that ended; the newest has this place in their order
    Column("accepted", Integer, nullable=False),
    Column("surplus", Integer, nullable=False),
    Column("discarded", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
    Column("stopped", Integer, nullable=False),
)  # fmt: skip
Index("prompts_generations_created", generations.c.created_at, generations.c.id)

rows = Table(
    "prompts_rows", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job_id", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("finished", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("cause", Text),
    Column("reason", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("difficulty", Text, nullable=False),
    Column("problem", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("digest", LargeBinary),  # of a problem that passed, as it is compared
    Column("repeats", Integer),  # id of the row of its generation that it is a duplicate of
    Column("document", LargeBinary, nullable=False),  # JSON: hints, verdicts, duplicates and what was drawn
    Column("usd_micros", BigInteger),
    Column("tokens", BigInteger),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Column("by_hand", Boolean, nullable=False),
)  # fmt: skip
Index("prompts_rows_of_generation", rows.c.job_id, rows.c.attempt, unique=True)
Index("prompts_rows_by_status", rows.c.status, rows.c.id)
Index("prompts_rows_by_digest", rows.c.digest)

calls = Table(
    "prompts_calls", metadata,
    Column("job_id", Text, primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("job_attempt", Integer, primary_key=True),  # of the job: its charge in the ledger has it in its name
    Column("key", Text, nullable=False),  # of everything that decides the answer
    Column("role", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("question", LargeBinary, nullable=False),  # JSON
    Column("answer", LargeBinary, nullable=False),  # UTF-8, with what is no character as it came
    Column("outcome", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("requests", Integer, nullable=False),  # that reached the server
    Column("prompt_tokens", BigInteger),
    Column("completion_tokens", BigInteger),
    Column("cached_prompt_tokens", BigInteger),
    Column("reasoning_tokens", BigInteger),
    Column("picodollars", BigInteger),  # exact; NULL: not counted, or no price
    Column("usd_micros", BigInteger),  # rounded up, as the ledger counts it
    Column("reserved_usd_micros", BigInteger),
    Column("reserved_tokens", BigInteger, nullable=False),
    Column("latency_s", Double, nullable=False),
    Column("ended_at", Double, nullable=False),
    Column("reused_from", Text),
    sqlite_with_rowid=False,
)  # fmt: skip
Index("prompts_calls_by_key", calls.c.key)
_IS_REUSED = calls.c.reused_from.is_not(None)
Index("prompts_calls_reused", calls.c.reused_from, sqlite_where=_IS_REUSED, postgresql_where=_IS_REUSED)

COMPONENT = Component("prompts", metadata)
