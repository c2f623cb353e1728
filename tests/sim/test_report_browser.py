"""The page in a browser: Debian's Chromium, without a window."""

import re
import shutil
from contextlib import contextmanager

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from tests.sim.reports import drawn, early_exit, result, row
from tickless.sim.report import write_report
from tickless.sw.integer.network import PRETRAINED, Network

CHROMIUM = shutil.which("chromium")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs a browser: apt install chromium")

MANY = 1200
"""Samples of the run; three of them are drawn, one in four is wrong."""

EVENTS = 400


@pytest.fixture(scope="module")
def samples():
    network = Network.load(PRETRAINED / "nmnist.safetensors")
    rng = np.random.default_rng(4)
    names = ["first", "second", "third"]
    return network, [drawn(network, name, rng, EVENTS) for name in names]


@pytest.fixture(scope="module")
def address(samples, tmp_path_factory):
    """Address of a page."""
    network, shown = samples
    path = tmp_path_factory.mktemp("report") / "report.html"
    rows = [
        row(name, int(index % 4 == 1), [9, *[0] * 9], cycles=index * 37 % 1000)
        for index, name in enumerate(["first", "second", "third", *map(str, range(3, MANY))])
    ]
    found = result(network, rows, samples=MANY, early_exit=early_exit(300))
    write_report(path, found, network, rows, shown)
    return path.as_uri()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, address):
    """Opens the page, in a window of some size; complains of what the browser complains of."""
    complaints, requests, contexts = [], [], []

    def open_page(width=1400, height=900, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url for url in requests if url != address and not url.startswith("data:")] == []


@contextmanager
def redrawn(page):
    """What is done within changes the picture."""
    settle(page)
    before = pixels(page)
    yield
    settle(page)
    assert pixels(page) != before


def settle(page):
    """Wait until a pending frame is drawn."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def pixels(page, selector=".picture"):
    return page.locator(selector).evaluate("(canvas) => canvas.toDataURL()")


def shown_range(page):
    """First and last clock cycle of the picture, as the page says."""
    settle(page)
    found = re.fullmatch(r"cycles ([\d,]+) to ([\d,]+) of ([\d,]+)", page.inner_text(".range"))
    assert found is not None
    first, last, end = (int(number.replace(",", "")) for number in found.groups())
    assert 0 <= first < last <= end == 2 * EVENTS
    return first, last


def place_of(page, raster, event):
    """Where the window shows an event of a raster."""
    page.locator(".picture").scroll_into_view_if_needed()
    return page.evaluate(
        """([raster, event]) => {
          const {picture, canvas} = viewer, panel = picture.rasters[raster];
          const {left, top} = canvas.getBoundingClientRect();
          return [left + picture.x(panel.raster.cycles[event]),
                  top + panel.y(panel.raster.neurons[event])];
        }""",
        [raster, event],
    )


def fingers(page):
    """Puts fingers at some places of the window, moves or lifts them."""
    session = page.context.new_cdp_session(page)

    def touch(kind, *points):
        places = [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    return touch


def test_the_first_sample_is_drawn_at_once(opened):
    page = opened()
    assert shown_range(page) == (0, 2 * EVENTS)
    assert page.inner_text("#viewer .title").startswith("first: ")
    colours = page.locator(".picture").evaluate(
        """(canvas) => new Set(new Uint32Array(canvas.getContext("2d")
          .getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size"""
    )
    assert colours > 10


def test_another_sample_is_another_picture(opened):
    page = opened()
    with redrawn(page):
        page.get_by_role("button", name="second", exact=True).click()
    assert page.inner_text("#viewer .title").startswith("second: ")
    assert page.get_by_label("Sample", exact=True).input_value() == "1"
    assert page.inner_text("tr.chosen td:first-child") == "second"
    with redrawn(page):
        page.get_by_label("Sample", exact=True).select_option("third")
    assert page.inner_text("tr.chosen td:first-child") == "third"


def test_the_wheel_zooms_where_it_is_once_the_picture_is_clicked(opened):
    page = opened()
    x, y = place_of(page, 1, EVENTS // 4)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -300)
    assert shown_range(page) == (0, 2 * EVENTS)
    page.locator(".picture").scroll_into_view_if_needed()
    x, y = place_of(page, 1, EVENTS // 4)
    page.mouse.click(x, y)
    with redrawn(page):
        page.mouse.wheel(0, -300)
        page.wait_for_function("viewer.to < viewer.whole")
    first, last = shown_range(page)
    assert last - first < 1.2 * EVENTS
    after_x, _ = place_of(page, 1, EVENTS // 4)
    assert after_x == pytest.approx(x, abs=1)
    page.get_by_role("button", name="Reset").click()
    assert shown_range(page) == (0, 2 * EVENTS)


def test_a_drag_moves_in_time(opened):
    page = opened()
    page.get_by_role("button", name="zoom in").click()
    first, last = shown_range(page)
    x, y = place_of(page, 1, EVENTS // 2)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 50, y)
    page.mouse.move(x - 100, y)
    page.mouse.up()
    moved_first, moved_last = shown_range(page)
    assert moved_first > first
    assert moved_last - moved_first == pytest.approx(last - first, abs=1)
    after_x, _ = place_of(page, 1, EVENTS // 2)
    assert after_x == pytest.approx(x - 100, abs=1)


def test_keys_and_buttons_do_what_the_mouse_does(opened):
    page = opened()
    page.locator(".picture").focus()
    page.keyboard.press("+")
    first, last = shown_range(page)
    assert 0 < first < last < 2 * EVENTS
    page.keyboard.press("ArrowRight")
    right, _ = shown_range(page)
    assert right > first
    page.keyboard.press("ArrowLeft")
    assert shown_range(page)[0] == pytest.approx(first, abs=1)
    page.keyboard.press("Home")
    assert shown_range(page) == (0, 2 * EVENTS)
    page.get_by_role("button", name="zoom in").click()
    page.get_by_role("button", name="earlier").click()
    assert shown_range(page)[0] == 0
    page.get_by_role("button", name="zoom out").click()
    assert shown_range(page) == (0, 2 * EVENTS)


@pytest.mark.parametrize("raster", [0, 2])
def test_a_spike_under_the_pointer_says_who_and_when(opened, samples, raster):
    network, shown = samples
    page = opened()
    event = EVENTS // 2
    for _ in range(6):
        page.evaluate("(cycle) => viewer.zoom(1.5, cycle)", float(EVENTS))
    settle(page)
    drawn_raster = (shown[0].inputs, *shown[0].layers)[raster]
    channel, y, x = drawn_raster.addresses[event]
    name = ("input", *(layer.name for layer in network.layers))[raster]
    at_x, at_y = place_of(page, raster, event)
    page.mouse.move(at_x, at_y)
    settle(page)
    said = page.inner_text(".tip")
    assert said.startswith(f"{name}, {'spike' if raster else 'event'} {event}\n")
    assert f"channel {channel}, y {y}, x {x}" in said
    assert said.endswith(f"cycle {drawn_raster.cycles[event]}")
    assert page.inner_text(".said") == said.replace("\n", ", ")
    if raster:
        _, height, width = network.layers[raster - 1].output_shape
        neuron = (channel * height + y) * width + x
        assert f"neuron {neuron:,}\n" in said
    page.mouse.move(0, 0)
    settle(page)
    assert page.locator(".tip").is_hidden()


def test_logits_under_the_pointer_are_integers_with_their_lead(opened, samples):
    _, shown = samples
    page = opened()
    settle(page)
    page.locator(".picture").hover(position={"x": 600, "y": 620})
    settle(page)
    said = page.inner_text(".tip")
    found = re.match(r"cycle (\d+), after event (\d+) of the readout\n", said)
    assert found is not None
    cycle, event = map(int, found.groups())
    assert event == np.searchsorted(shown[0].logit_cycles, cycle, side="right") - 1
    logits = shown[0].logits[event]
    best, second = np.sort(logits)[:-3:-1]
    assert f"class {np.argmax(logits)}: {best:,}\n" in said
    assert said.endswith(f"lead {best - second:,} of 300")


def test_a_phone_scrolls_down_only(opened):
    page = opened(390, 844, is_mobile=True, has_touch=True, device_scale_factor=2)
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator("#samples .scroll").evaluate(
        "(area) => area.scrollWidth > area.clientWidth"
    )


def test_fingers_tap_a_spike_drag_and_pinch(opened, samples):
    _, shown = samples
    page = opened(390, 844, is_mobile=True, has_touch=True, device_scale_factor=2)
    settle(page)
    event = EVENTS // 2
    x, y = place_of(page, 1, event)
    touch = fingers(page)
    touch("touchStart", (x, y))
    touch("touchEnd")
    settle(page)
    assert page.inner_text(".tip").startswith("conv2d1, spike ")
    touch("touchStart", (x - 40, y), (x + 40, y))
    for spread in (60, 80, 100):
        touch("touchMove", (x - spread, y), (x + spread, y))
    touch("touchEnd")
    first, last = shown_range(page)
    assert last - first < EVENTS
    assert first < shown[0].layers[0].cycles[event] < last
    touch("touchStart", (x, y))
    for distance in (20, 40, 60):
        touch("touchMove", (x + distance, y))
    touch("touchEnd")
    assert shown_range(page)[0] < first


def test_the_table_is_sorted_and_filtered_a_page_at_a_time(opened):
    page = opened()
    lines = page.locator("#samples tbody tr")
    assert lines.count() == 50
    assert page.inner_text(".count") == "1 to 50 of 1,200"
    page.get_by_role("button", name="Next").click()
    assert lines.first.inner_text().startswith("50\t")
    assert page.inner_text(".count") == "51 to 100 of 1,200"
    page.get_by_label("wrong only").check()
    assert page.inner_text(".count") == "1 to 50 of 300"
    assert lines.first.inner_text().startswith("second\t")
    head = page.locator("th[data-key=cycles]")
    for order, direction in ((sorted, "ascending"), (lambda x: sorted(x)[::-1], "descending")):
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == direction
        column = page.locator("#samples tbody td:nth-child(7)").all_inner_texts()
        assert column == [str(value) for value in order(map(int, column))]


def test_paper_shows_all_samples_and_no_controls(opened):
    page = opened(color_scheme="dark")
    settle(page)
    page.emulate_media(media="print")
    settle(page)
    for selector in ("#viewer", "#samples .controls"):
        assert page.locator(selector).is_hidden()
    assert page.locator("#paper h3").all_inner_texts() == [
        f"{name}: class 0 (right)" for name in ("first", "second", "third")
    ]
    pictures = {pixels(page, f"#paper section:nth-child({index}) > canvas") for index in (1, 2, 3)}
    assert len(pictures) == 3
    assert page.locator("body").evaluate("(body) => getComputedStyle(body).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    assert page.pdf().startswith(b"%PDF")


def test_a_dark_page_is_dark(opened):
    page = opened(color_scheme="dark")
    with redrawn(page):
        page.emulate_media(color_scheme="light")


def test_without_scripts_the_tables_are_there(opened):
    page = opened(java_script_enabled=False)
    assert page.get_by_text("need JavaScript").is_visible()
    assert page.locator("#samples tbody tr").count() == 50
    assert page.get_by_text("The first 50 of 1,200.").is_visible()
    assert page.locator("table.confusion").is_visible()
