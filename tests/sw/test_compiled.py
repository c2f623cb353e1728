from numba.core.caching import _CacheLocator

from tickless.sw.compiled import compiled


def twice(number):
    return 2 * number


def test_compiled_functions_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path))
    function = compiled(twice)
    assert function(3) == 6
    assert function.stats.cache_path is not None


def test_where_nothing_can_be_kept_they_are_compiled_anew(monkeypatch):
    def fails(self):
        raise OSError("read-only file system")

    monkeypatch.setattr(_CacheLocator, "ensure_cache_path", fails)
    function = compiled(twice)
    assert function(3) == 6
    assert function.stats.cache_path is None
