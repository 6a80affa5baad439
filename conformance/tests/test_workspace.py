"""Every history gets a directory that looks as if nobody had been there."""

from __future__ import annotations

import pytest

from conformance.engine.workspace import Workspace


def test_directories_are_empty_and_have_names_of_their_own() -> None:
    """Used ones come back as new, under a name that was never used."""
    names = set()
    with Workspace() as workspace:
        for index in range(6):
            directory = workspace.new_directory()
            assert list(directory.iterdir()) == []
            names.add(directory)
            if index % 2:
                (directory / "log").write_text("left behind", encoding="utf-8")
                (directory / "folder").mkdir()
            workspace.take_back(directory)
            assert not (directory / "log").exists()

    assert len(names) == 6
    assert not any(directory.exists() for directory in names)


def test_a_directory_that_was_changed_is_not_handed_out_again() -> None:
    """Rights that a backend took from its directory are no matter of the next one."""
    with Workspace() as workspace:
        directory = workspace.new_directory()
        directory.chmod(0o755)
        workspace.take_back(directory)

        assert workspace.new_directory().stat().st_mode & 0o777 == 0o700


def test_a_directory_that_is_gone_is_no_problem() -> None:
    """A backend may remove its directory itself."""
    with Workspace() as workspace:
        directory = workspace.new_directory()
        directory.rmdir()
        workspace.take_back(directory)

        assert workspace.new_directory().is_dir()


def test_a_workspace_has_to_be_entered() -> None:
    """Without it there is no folder to remove later."""
    with pytest.raises(RuntimeError, match="enter it first"):
        Workspace().new_directory()
