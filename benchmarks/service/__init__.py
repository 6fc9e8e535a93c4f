"""The service over loopback, beside a bare Starlette route that answers with the same bytes."""
