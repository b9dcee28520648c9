"""The portal's screens, one class each, named as the procedure names them; one file a step."""
