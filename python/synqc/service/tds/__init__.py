"""TDS over HTTP: its routers, what answers hot routes before the framework, and its telemetry ticker."""
