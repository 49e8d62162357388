"""Slots shared by GNU make's protocol: never more taken than there are, none lost for ever, none kept after the end."""

import os
import random
from pathlib import Path
from typing import List

import pytest

if os.name != "posix":
    pytest.skip("named pipes are needed", allow_module_level=True)

from taskrush.execute.carrier import Carrier
from taskrush.execute.gate import Gate
from taskrush.execute.jobserver import (
    TOKEN,
    Auth,
    Served,
    Tokens,
    Unreachable,
    auth_in,
    join,
    with_jobserver,
    without_jobserver,
)
from taskrush.testing.fakes import FakeClock

pytestmark = pytest.mark.core


def free(served: Served) -> int:
    """How many slots somebody could take."""
    taken = 0
    while served.take():
        taken += 1
    served.give(taken)
    return taken


@pytest.mark.parametrize(
    ("flags", "auth"),
    [
        (" -j4 --jobserver-auth=fifo:/tmp/GMfifo12", Auth("/tmp/GMfifo12")),
        ("ks -j --jobserver-auth=3,4", Auth(descriptors=(3, 4))),
        (" --jobserver-fds=3,4 -j", Auth(descriptors=(3, 4))),
        ("--jobserver-auth=3,4 --jobserver-auth=fifo:/x", Auth("/x")),
        (" -j4 --jobserver-auth=-2,-2", None),
        ("ks", None),
        ("", None),
    ],
)
def test_flags_name_a_jobserver(flags: str, auth: "Auth | None") -> None:
    """The forms of make 4.2 to 4.4; closed descriptors are none."""
    assert auth_in(flags) == auth


def test_flags_of_the_user_stay() -> None:
    """Only what concerns the jobserver is taken out and put in."""
    assert without_jobserver("ks -j8 --jobserver-auth=3,4 --no-print-directory") == "ks --no-print-directory"
    assert with_jobserver("ks -j8", Auth("/p"), 4) == "ks -j4 --jobserver-auth=fifo:/p"
    assert with_jobserver("", Auth(descriptors=(5, 6)), 2) == " -j2 --jobserver-auth=5,6"
    assert without_jobserver("-- V=-jobs -j") == "-- V=-jobs"


def test_slots_are_taken_and_given_back() -> None:
    """As many as there are, and by a client as well, to which one more belongs."""
    served = Served(3)
    client = join(served.auth, limit=1)
    assert [client.take() for _ in range(5)] == [True, True, True, True, False]
    assert not served.take()
    client.give(2)
    assert [served.take() for _ in range(3)] == [True, True, False]
    client.close()
    assert free(served) == 1
    served.give(2)
    assert free(served) == 3
    served.close()
    assert not os.path.exists(served.folder)


def test_a_client_by_descriptors_gives_back_the_bytes_it_took() -> None:
    """A jobserver may tell its tokens apart; a client closes nothing that it inherited."""
    reader, writer = os.pipe()
    os.write(writer, b"xy")
    client = join(Auth(descriptors=(reader, writer)), limit=1)
    assert [client.take() for _ in range(4)] == [True, True, True, False]
    client.close()
    assert sorted(os.read(reader, 10)) == sorted(b"xy")
    os.close(reader)
    os.close(writer)


def test_what_is_not_there_cannot_be_joined(tmp_path: Path) -> None:
    """Closed descriptors, other files, missing pipes."""
    file = tmp_path / "file"
    file.write_text("")
    with file.open() as other:
        for auth in (Auth(str(tmp_path / "no")), Auth(str(file)), Auth(descriptors=(other.fileno(),) * 2)):
            with pytest.raises(Unreachable):
                join(auth, limit=1)
    with pytest.raises(Unreachable):
        join(Auth(descriptors=(9998, 9999)), limit=1)


def test_lost_and_invented_slots_are_put_right() -> None:
    """A program that was killed with slots in its hands, and one that gives back too many."""
    served = Served(4)
    assert served.take()
    thief = join(served.auth, limit=1)
    os.read(thief.descriptor, 2)
    served.settle()
    assert free(served) == 3
    os.write(thief.descriptor, TOKEN * 5)
    served.settle()
    assert free(served) == 3
    served.give()
    served.settle()
    assert free(served) == 4
    served.close()


class World:
    """A gate, and programs that take slots behind its back."""

    def __init__(self, slots: int, needs: "dict[int, int]") -> None:
        self.served = Served(slots)
        self.carrier = Carrier(FakeClock())
        self.started: List[int] = []
        self.gate = Gate(self.served, self.carrier, self.started.append, needs, lambda node: node % 2 == 0)
        self.nested = join(self.served.auth, limit=1)
        self.nested.take()  # the slot that it was started with

    def close(self) -> None:
        os.close(self.nested.descriptor)
        self.gate.close()
        self.carrier.close()


def test_who_finds_no_slot_waits_until_a_nested_program_gives_one_back() -> None:
    """The gate is told by the pipe itself, and starts in the order of coming."""
    world = World(2, {})
    assert world.nested.take()
    for node in range(3):
        world.gate.enter(node)
    assert world.started == [0]
    world.nested.give()
    world.carrier.turn()
    assert world.started == [0, 1]
    world.gate.leave(0)
    assert world.started == [0, 1, 2]
    world.close()


def test_slots_of_a_killed_program_come_back_when_no_other_shares() -> None:
    """Task 0 shares slots and dies with one; task 1, which does not share, goes on; 3 gets the slot that was lost."""
    world = World(3, {3: 2})
    world.gate.enter(0)
    world.gate.enter(1)
    os.read(world.nested.descriptor, 1)
    world.gate.enter(3)
    assert world.started == [0, 1]
    world.gate.leave(0)
    assert world.started == [0, 1, 3]
    world.close()


def test_who_is_withdrawn_holds_nothing() -> None:
    """A task that was to take three slots had one: it is free again."""
    world = World(3, {5: 3})
    world.gate.enter(1)
    world.gate.enter(5)
    assert world.gate.withdraw(5)
    assert not world.gate.withdraw(5)
    assert not world.gate.withdraw(1)
    world.gate.leave(1)
    assert free(world.served) == 3
    world.close()


@pytest.mark.parametrize("seed", range(60))
def test_never_more_slots_than_there_are_and_everybody_starts(seed: int) -> None:
    """Random comings, endings, deaths and nested programs; the sum of what is held stays within the slots."""
    dice = random.Random(seed)
    slots = dice.randint(1, 5)
    needs = {node: dice.randint(1, 4) for node in range(0, 12, 3)}
    world = World(slots, needs)
    running: List[int] = []
    extra = 0
    for node in range(12):
        world.gate.enter(node)
    for _ in range(400):
        world.carrier.turn(block=False)
        running += world.started
        world.started.clear()
        held = sum(min(needs.get(node, 1), slots) for node in running)
        assert held + extra <= slots
        if not running:
            break
        if dice.random() < 0.3 and any(node % 2 == 0 for node in running) and world.nested.take():
            extra += 1
        elif dice.random() < 0.5 and extra:
            world.nested.give()
            extra -= 1
        else:
            node = running.pop(dice.randrange(len(running)))
            if not any(other % 2 == 0 for other in running):
                world.nested._read.clear()  # killed, if it held anything: nobody is left who could share
                extra = 0
            world.gate.leave(node)
    assert not running
    assert free(world.served) == slots
    world.close()


def test_tokens_know_what_they_hold() -> None:
    """Implicit slots count as well."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    tokens = Tokens(reader, writer, 1, implicit=1)
    assert (tokens.take(), tokens.taken, tokens.take()) == (True, 1, False)
    tokens.close()
