"""Temporal Dynamics Series: sessions of Drive-Probe-Drive runs, their telemetry, export, storage and agent."""
