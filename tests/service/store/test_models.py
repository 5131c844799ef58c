"""Models are versioned by content, also when they come at once."""

from concurrent.futures import ThreadPoolExecutor

from service.store import Store, models


def _add(store: Store, name: str, content: str) -> tuple[str, int, bool]:
    with store.write() as session:
        row, is_new = models.add(session, name, content.rjust(64, "0"), {"name": name}, {})
        return row.id, row.version, is_new


def test_each_new_content_is_the_next_version_of_its_name(store: Store) -> None:
    assert [_add(store, "net", content)[1] for content in ("a", "b", "c")] == [1, 2, 3]
    assert _add(store, "other", "d")[1] == 1


def test_the_same_content_is_the_same_row(store: Store) -> None:
    first = _add(store, "net", "a")
    again = _add(store, "net", "a")
    assert again == (first[0], 1, False)


def test_contents_that_come_at_once_get_different_versions(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda content: _add(store, "net", content), "abcdefgh"))
    assert sorted(version for _, version, _ in added) == list(range(1, 9))


def test_one_content_that_comes_many_times_at_once_is_stored_once(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda _: _add(store, "net", "a"), range(8)))
    assert len({model_id for model_id, _, _ in added}) == 1
    assert sum(is_new for _, _, is_new in added) == 1


def test_a_removed_model_is_gone_and_cannot_be_removed_again(store: Store) -> None:
    model_id, _, _ = _add(store, "net", "a")
    with store.write() as session:
        assert models.remove(session, model_id)
        assert models.get(session, model_id) is None
        assert not models.remove(session, model_id)
