"""Pool URLs: every form that people write, and nothing but a PoolURL or an InputError for everything else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from joulehash.engine.errors import InputError
from joulehash.engine.pools.url import PoolURL, Proxy, same_host, without_secrets

PIN = "0123456789abcdef" * 4

GOOD = [
    ("pool.example:3333", PoolURL("pool.example", 3333)),
    ("  pool.example:3333\n", PoolURL("pool.example", 3333)),
    ("stratum+tcp://pool.example:3333", PoolURL("pool.example", 3333)),
    ("stratum+tcp://pool.example:3333/", PoolURL("pool.example", 3333)),
    ("STRATUM+TCP://Pool.Example:3333", PoolURL("pool.example", 3333)),
    ("stratum://pool.example:1", PoolURL("pool.example", 1)),
    ("tcp://pool.example:65535", PoolURL("pool.example", 65535)),
    ("stratum+ssl://pool.example:443", PoolURL("pool.example", 443, tls=True)),
    ("stratum+tls://pool.example:443", PoolURL("pool.example", 443, tls=True)),
    ("ssl://pool.example:443", PoolURL("pool.example", 443, tls=True)),
    ("tls://pool.example:443", PoolURL("pool.example", 443, tls=True)),
    ("10.1.2.3:3333", PoolURL("10.1.2.3", 3333)),
    ("[::1]:3333", PoolURL("::1", 3333)),
    ("ssl://[2001:DB8:0:0::1]:3333", PoolURL("2001:db8::1", 3333, tls=True)),
    ("[fe80::1%eth0]:3333", PoolURL("fe80::1%eth0", 3333)),
    ("my_pool:3333", PoolURL("my_pool", 3333)),
    ("bücher.example:3333", PoolURL("xn--bcher-kva.example", 3333)),
    ("pool.example.:3333", PoolURL("pool.example.", 3333)),
    ("pool.example:3333#", PoolURL("pool.example", 3333)),
    ("pool.example:3333#xnsub", PoolURL("pool.example", 3333, extranonce_subscribe=True)),
    ("ssl://pool.example:3333/#insecure", PoolURL("pool.example", 3333, tls=True, insecure=True)),
    (f"ssl://p:3333#pin={PIN}", PoolURL("p", 3333, tls=True, pin=PIN)),
    ("ssl://p:3333#ca=/etc/my%20own%23%26.pem", PoolURL("p", 3333, tls=True, ca="/etc/my own#&.pem")),
    ("ssl://p:3333#ca=C:/a@b.pem", PoolURL("p", 3333, tls=True, ca="C:/a@b.pem")),
    ("p:3333#proxy=socks5h://127.0.0.1:9050", PoolURL("p", 3333, proxy=Proxy("socks5h", "127.0.0.1", 9050))),
    ("p:3333#xnsub&proxy=HTTP://[::1]:8080/", PoolURL("p", 3333, False, True, proxy=Proxy("http", "::1", 8080))),
    ("ssl://p:3333#insecure&xnsub", PoolURL("p", 3333, tls=True, extranonce_subscribe=True, insecure=True)),
]

BAD = [
    ("", "host is missing"),
    ("stratum+tcp://", "host is missing"),
    (":3333", "host is missing"),
    ("pool.example", "port is missing"),
    ("pool.example:", "port is missing"),
    ("[::1]", "port is missing"),
    ("pool.example:0", "takes 1 to 65535"),
    ("pool.example:65536", "takes 1 to 65535"),
    ("pool.example:+33", "takes 1 to 65535"),
    ("pool.example:٣", "takes 1 to 65535"),
    ("pool.example:33 33", "in brackets"),
    ("::1:3333", "in brackets"),
    ("[::1:3333", "in brackets"),
    ("x[::1]:3333", "in brackets"),
    ("[zz]:3333", "no IPv6 address"),
    ("[]:3333", "host is missing"),
    ("a..b:3333", "no name"),
    (f"{'a' * 64}.example:3333", "no name"),
    (f"{'a.' * 200}example:3333", "no name"),
    ("http://pool.example:80", "scheme http:// is unknown"),
    ("://pool.example:80", "scheme :// is unknown"),
    ("pool.example:3333/path", "takes stratum+tcp"),
    ("pool.example:3333?user=me", "takes stratum+tcp"),
    ("pool.example:3333\r\nHost: x", "takes stratum+tcp"),
    ("pool\x00.example:3333", "takes stratum+tcp"),
    ("pool.example:3333#skip", "option #skip is unknown"),
    ("pool.example:3333#xnsub=1", "option #xnsub takes no value"),
    ("pool.example:3333#insecure", "is for TLS"),
    (f"pool.example:3333#pin={PIN}", "#pin is for TLS"),
    ("tcp://pool.example:3333#ca=x", "#ca is for TLS, which tcp:// does without"),
    (f"ssl://p:3333#pin={PIN}&insecure", "#insecure and #pin exclude each other"),
    (f"ssl://p:3333#pin={PIN}&pin={PIN}", "#pin is given twice"),
    ("ssl://p:3333#pin=abc", "64 hex digits; these are 3"),
    (f"ssl://p:3333#pin={'g' * 64}", "64 hex digits"),
    ("ssl://p:3333#ca=", "#ca needs a value"),
    ("ssl://p:3333#ca=a%0ab", "of printable characters"),
    ("p:3333#proxy", "#proxy needs a value"),
    ("p:3333#proxy=ftp://h:1", "takes socks5h://, socks5:// or http://"),
    ("p:3333#proxy=socks5://h", "the host or port of #proxy is none"),
    ("p:3333#proxy=socks5://a..b:1", "the host or port of #proxy is none"),
    ("p:3333#proxy=127.0.0.1:9050", "takes socks5h://"),
    (f"p:3333#proxy=http://u:{'p' * 256}@h:1", "255 bytes each at most"),
    (f"p:3333#xnsub{'&xnsub' * 1000}", "takes stratum+tcp"),
]


@pytest.mark.parametrize(("text", "url"), GOOD)
def test_parses(text: str, url: PoolURL) -> None:
    assert PoolURL.parse(text) == url


@pytest.mark.parametrize(("text", "complaint"), BAD)
def test_says_what_is_wrong_on_one_line(text: str, complaint: str) -> None:
    with pytest.raises(InputError) as caught:
        PoolURL.parse(text)
    assert complaint in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("url", [url for _, url in GOOD])
def test_prints_what_it_parses(url: PoolURL) -> None:
    assert PoolURL.parse(str(url)) == url


@pytest.mark.parametrize(
    "text",
    [
        "stratum+tcp://joe:s3cret@pool.example:3333",
        "joe:s3cret@pool.example:3333",
        "http://joe:s3cret@pool.example:99999",  # wrong in other ways too
        "stratum+tcp://joe:s3c/ret@pool.example:3333",
        "pool.example:3333#s3cret@",
        "joe:s3cret@",
    ],
)
def test_takes_no_user_and_password_of_the_pool_and_never_repeats_them(text: str) -> None:
    with pytest.raises(InputError, match="-u and the password with -p") as caught:
        PoolURL.parse(text)
    assert "s3" not in str(caught.value)


@pytest.mark.parametrize(
    "proxy",
    [
        "socks5h://joe:s3cret@",
        "socks5h://joe:s3cret@h",
        "socks5h://joe:s3cret@h:99999",
        "socks5h://joe:s3cret@h:s3cret",
        "ftp://joe:s3cret@h:1",
        "joe:s3cret@h:1",
        "http://joe:s3/cret@h:1",
        "http://joe:s3@cret@h:1",
        "http://joe:s3cret@[zz]:1",
    ],
)
def test_an_error_never_repeats_the_secret_of_a_proxy(proxy: str) -> None:
    for text in (f"p:3333#proxy={proxy}", f"p:3333#nonsense&proxy={proxy}", f"x://p:3333#proxy={proxy}"):
        with pytest.raises(InputError) as caught:
            PoolURL.parse(text)
        assert "s3" not in str(caught.value)


def test_the_user_and_password_of_a_proxy_are_read_and_not_shown() -> None:
    url = PoolURL.parse("p:3333#proxy=socks5h://j%40e:s3%3A%2F%26@h:1")
    assert url.proxy is not None
    assert (url.proxy.user, url.proxy.password) == ("j@e", "s3:/&")
    for text in (str(url), repr(url), str(url.proxy), repr(url.proxy), url.address):
        assert "s3" not in text
        assert "j@e" not in text
    assert str(url) == "stratum+tcp://p:3333#proxy=socks5h://h:1"


PIECES = st.sampled_from([*"abz:/#?[]@.%&+ \n\t\x00é٣İ", "stratum+tcp://", "ssl://", ":3333", "[::1]", "#xnsub", "ß"])


@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
@example("İ:1")
@example("\u2167.example:1")  # nameprep makes letters of it
def test_is_a_url_that_prints_itself_or_an_input_error(text: str) -> None:
    try:
        url = PoolURL.parse(text)
    except InputError as error:
        assert str(error).isprintable()  # noqa: PT017
    else:
        assert 1 <= url.port <= 65535
        assert url.host.isascii()
        again = PoolURL.parse(str(url))
        assert replace(again, proxy=None) == replace(url, proxy=None)
        assert str(again) == str(url)


def test_hosts_are_compared_as_people_write_them() -> None:
    assert same_host("Pool.Example.", "pool.example")
    assert same_host("[::1]", "::1")
    assert not same_host("pool.example", "pool.example.evil")
    assert not same_host("evilpool.example", "pool.example")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("stratum+tcp://p:1#proxy=socks5://joe:s3cret@h:1", "stratum+tcp://p:1"),
        ("http://joe:s3cret@h:1/x", "http://h:1/x"),
        ("joe:s3@cret@h:1", "h:1"),
        ("http://joe:s3://cret@h:1", "http://h:1"),
        ("\x1b[31m", "\N{REPLACEMENT CHARACTER}[31m"),
    ],
)
def test_what_is_shown_of_any_text(text: str, shown: str) -> None:
    assert without_secrets(text) == shown
