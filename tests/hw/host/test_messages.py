from tickless.hw.host.messages import network_number


def test_network():
    assert network_number("0123456789abcdef" + 48 * "0") == 0xEFCDAB8967452301
