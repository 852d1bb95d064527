"""The table of commands."""

from typing import get_args

from nnviz3d.app.window.actions import ACTIONS
from nnviz3d.spec.readout import CommandName


def test_every_command_that_a_panel_can_give_has_its_action_and_none_is_left_over():
    assert sorted(ACTIONS) == sorted(get_args(CommandName))
