from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskward.outbound import AddressPolicy

NEVER = [
    "169.254.169.254",
    "169.254.0.1",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "fd20:ce::254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "0.0.0.0",  # noqa: S104 - nothing is bound
    "0.1.2.3",
    "::",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "ff02::1",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "2001:0:a9fe:a9fe::",
    "::169.254.169.254",
    "::127.0.0.1",
    "::ffff:0:127.0.0.1",
    "4000::1",
]
NOT_PUBLIC = [
    "127.0.0.1",
    "127.255.255.254",
    "::1",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "198.18.0.1",
    "192.0.2.1",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "2001:db8::1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "172.15.255.255",
    "172.32.0.1",
    "100.63.255.255",
    "169.253.0.1",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450::1",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
]


@pytest.mark.parametrize("address", NEVER)
def test_never_allows_what_no_setting_may_open(address: str) -> None:
    assert AddressPolicy().objection("host", address)
    open_to_all = AddressPolicy(allow_private=True, allow=["0.0.0.0/0", "::/0", "host"])
    assert open_to_all.objection("host", address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_allows_what_is_not_public_when_told_to(address: str) -> None:
    assert AddressPolicy().objection("host", address)
    assert AddressPolicy(allow=["other", "11.0.0.0/8"]).objection("host", address)
    assert AddressPolicy(allow_private=True).objection("host", address) is None
    assert AddressPolicy(allow=["HOST."]).objection("host", address) is None
    assert AddressPolicy(allow=["host"]).objection("Host.", address) is None


@pytest.mark.parametrize("address", PUBLIC)
def test_allows_public_addresses(address: str) -> None:
    assert AddressPolicy().objection("host", address) is None


def test_allows_listed_networks_and_addresses() -> None:
    policy = AddressPolicy(allow=["10.1.2.3/8", "::1", "fd00::/8", "192.168.1.7"])
    assert policy.objection("h", "10.200.0.1") is None
    assert policy.objection("h", "::ffff:10.200.0.1") is None
    assert policy.objection("h", "::1") is None
    assert policy.objection("h", "fd99::1") is None
    assert policy.objection("h", "192.168.1.7") is None
    assert policy.objection("h", "192.168.1.8") == "a private address"
    assert policy.objection("h", "127.0.0.1") == "a loopback address"
    assert policy.objection("h", "fd00:ec2::254") == "a cloud metadata address"


@pytest.mark.parametrize("entry", ["10.0.0.0/33", "10.0.0.300", "", "a b", "http://host", "host:80", "*.example.org"])
def test_refuses_an_entry_that_is_neither_host_nor_network(entry: str) -> None:
    with pytest.raises(ValueError, match="is not a host name, an address or a network"):
        AddressPolicy(allow=[entry])


@given(st.ip_addresses())
def test_what_the_standard_library_calls_special_is_never_taken_for_public(address: object) -> None:
    parsed = ip_address(str(address))
    if AddressPolicy().objection("host", str(address)) is None:
        mapped = getattr(parsed, "ipv4_mapped", None)
        assert (mapped or parsed).is_global
