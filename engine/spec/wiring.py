"""Order, circles and dead ends in a graph {name: names that it comes from}. Nothing here recurses."""

from collections.abc import Mapping, Sequence

Edges = Mapping[str, Sequence[str]]


def in_order(edges: Edges) -> list[str]:
    """The names so that each comes after all that it comes from, else as near to the given order as can be.

    The graph must hold no circle.
    """
    done: dict[str, None] = {}
    for start in edges:
        path = [(start, iter(edges[start]))]
        while path:
            name, sources = path[-1]
            ahead = next((source for source in sources if source not in done), None)
            if ahead is None:
                done[name] = None
                path.pop()
            else:
                path.append((ahead, iter(edges[ahead])))
    return list(done)


def find_cycle(edges: Edges) -> list[str]:
    """The names along one circle, the first again at the end; empty if there is none."""
    done: set[str] = set()
    for start in edges:
        path, on_path = [(start, iter(edges[start]))], {start}
        while path:
            name, sources = path[-1]
            ahead = next((source for source in sources if source not in done), None)
            if ahead is None:
                done.add(name)
                on_path.discard(name)
                path.pop()
            elif ahead in on_path:
                names = [name for name, _ in path]
                return [*names[names.index(ahead) :], ahead][::-1]
            else:
                path.append((ahead, iter(edges[ahead])))
                on_path.add(ahead)
    return []


def arrows(cycle: Sequence[str]) -> str:
    """A circle in a message: all of a small one, the ends of a large one."""
    shown = [*cycle] if len(cycle) <= 8 else [*cycle[:4], "...", *cycle[-3:]]
    return " -> ".join(shown)


def not_reaching(edges: Edges, outputs: Sequence[str]) -> list[str]:
    """The names that no output comes from, in the given order."""
    reached, ahead = set(outputs), list(outputs)
    while ahead:
        for source in edges.get(ahead.pop(), ()):
            if source not in reached:
                reached.add(source)
                ahead.append(source)
    return [name for name in edges if name not in reached]
