"""Approval workflow from a complaint to a report: five gates, each between committed steps, on the ledger of jobs."""
