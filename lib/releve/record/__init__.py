"""The record: what a rotation leaves for somebody who has neither Python nor network."""
