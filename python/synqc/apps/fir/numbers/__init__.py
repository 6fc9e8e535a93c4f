"""Register of reports: their numbers, each given once, where a report stands, and whether a seal is genuine."""
