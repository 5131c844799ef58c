"""What the engine's judgements become on their way to the client."""

import threading

import pytest

from engine.spec import Problem, SpecError
from service.errors import InvalidDefinition, document_at


def test_the_engines_pointers_begin_where_its_part_of_the_request_stands() -> None:
    with pytest.raises(InvalidDefinition) as caught, document_at("/model"):
        raise SpecError([Problem("/layers/0", "is wrong")])
    (fault,) = caught.value.errors
    assert (fault.pointer, fault.detail) == ("/model/layers/0", "is wrong")


def test_definitions_are_judged_one_at_a_time() -> None:
    both = threading.Barrier(2)
    met = []

    def judge() -> None:
        with document_at(""):
            try:
                both.wait(0.3)
                met.append(True)
            except threading.BrokenBarrierError:
                both.reset()

    judges = [threading.Thread(target=judge) for _ in range(2)]
    for thread in judges:
        thread.start()
    for thread in judges:
        thread.join()
    assert not met
