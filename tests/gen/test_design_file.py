import json

import pytest

from tests.gen.test_image import small_mesh, small_network
from tickless.gen.design_file import design_number, read_design, write_design


def test_a_design_comes_back_whole(tmp_path):
    path = tmp_path / "design.json"
    mesh = small_mesh(margin=4)
    write_design(mesh, path)
    assert read_design(path) == mesh
    assert design_number(read_design(path)) == design_number(mesh)


def test_designs_have_numbers_of_their_own():
    meshes = [small_mesh(), small_mesh(small_network(padding=0)), small_mesh(epoch_bits=2)]
    numbers = {design_number(mesh) for mesh in meshes}
    assert len(numbers) == len(meshes)
    assert all(0 < number < 1 << 64 for number in numbers)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[: len(text) // 2], "no design file"),
        (lambda text: "{}", "no design file: .*version"),
        (lambda text: "\x80", "no design file"),
        (lambda text: text.replace('"rows":2', '"rows":"2"'), "no design file: .*rows"),
        (lambda text: text.replace('"rows":2', '"rows":1'), "no design file: core 'readout'"),
        (lambda text: json.dumps({**json.loads(text), "version": 99}), "version 99: expected 1"),
    ],
)
def test_what_is_no_design_is_refused(tmp_path, change, words):
    path = tmp_path / "design.json"
    write_design(small_mesh(), path)
    path.write_text(change(path.read_text()), encoding="latin-1")
    with pytest.raises(ValueError, match=words):
        read_design(path)


def test_a_missing_file_says_what_writes_it(tmp_path):
    with pytest.raises(ValueError, match=r"x\.json: .*expected the design\.json .*--loadable"):
        read_design(tmp_path / "x.json")
