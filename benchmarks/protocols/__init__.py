"""Protocols on twins whose truth is known: what they find, from how much, and how long they take."""
