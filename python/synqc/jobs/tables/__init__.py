"""The ledger's statements: everything of `synqc.jobs` that knows SQL.

Each procedure takes a connection inside a transaction, the moment by the ledger's clock and what several callers asked
for, and answers each: `storage.GroupCommitWriter` hands them over together.
"""
