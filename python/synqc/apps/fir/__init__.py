"""First Information Reports: a complaint, an officer's approvals, and a document in which nothing is invented."""
