"""What every request passes, one file per concern; `request` puts them together in one frame."""
