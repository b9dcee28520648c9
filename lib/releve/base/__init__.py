"""What everything else stands on: settings, secrets, errors, the disk.

Larger than its share, for it meets strangers: files in a folder where others may write (`disk`,
`held`), settings that a person types, each mistake with its mend (`table`, `settings`), a secret
known in every form that it can leak in (`secret`), Windows.
"""
