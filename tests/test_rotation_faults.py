"""Whole rotations on the school, fault by fault, in a real Chromium: which error, which exit code, how many resets, no secret left."""

from __future__ import annotations

from fixtures_rotation import Scene


async def test_one_rejected_password_costs_one_more_reset(scene: Scene) -> None:
    """A password with a slash is asked anew; portal, keyring and Corail then agree, and no file of the record knows it."""
    scene.faults.slash_in_first = 1
    done = await scene.walk()
    assert ("", 0, 2) == (done.error, done.code, scene.resets()), done.text
    assert scene.three_places_agree()
    assert [] == scene.leaks()


def test_the_notebook_rotates_without_a_person(scene: Scene) -> None:
    """Papermill and the engine `releve` do what the cells do in one process."""
    assert (0, 1) == (scene.headless().code, scene.resets())
    assert scene.three_places_agree()
    assert [] == scene.leaks()
