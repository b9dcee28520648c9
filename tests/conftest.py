"""Fixtures that several test modules share."""

pytest_plugins = ["fixtures_keyring", "fixtures_rotation"]
