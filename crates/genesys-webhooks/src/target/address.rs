//! Which addresses are not on the public internet (IANA's registries of special-purpose addresses).

use std::net::{Ipv4Addr, Ipv6Addr};

/// What kind of special address it is, with its article; none for a public one.
pub(super) fn special_v4(ip: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = ip.octets();
    let what = match (a, b, c) {
        (0, ..) => "an unspecified",
        (127, ..) => "a loopback",
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => "a private",
        (169, 254, _) => "a link-local",
        (100, 64..=127, _) => "a shared",
        (192, 0, 0) | (192, 88, 99) | (198, 18..=19, _) => "a reserved",
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => "a documentation",
        (224..=239, ..) => "a multicast",
        (240..=255, ..) => "a reserved",
        _ => return None,
    };
    Some(what)
}

/// As [`special_v4`], also for addresses that carry an IPv4 address inside. Only 2000::/3 is public unicast.
pub(super) fn special_v6(ip: Ipv6Addr) -> Option<&'static str> {
    let s = ip.segments();
    let v4 = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    let what = match s {
        [0, 0, 0, 0, 0, 0, 0, 0] => "an unspecified",
        [0, 0, 0, 0, 0, 0, 0, 1] => "a loopback",
        // NAT64: the address inside is what is reached.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => return special_v4(v4(high, low)),
        // IPv4-mapped and IPv4-compatible: there is no reason to write a public one so.
        [0, 0, 0, 0, 0, _, _, _] => "a disguised",
        [0xfc00..=0xfdff, ..] => "a private",
        [0xfe80..=0xfebf, ..] => "a link-local",
        [0xff00..=0xffff, ..] => "a multicast",
        // 6to4.
        [0x2002, high, low, ..] => return special_v4(v4(high, low)),
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => "a documentation",
        // 2001::/23: Teredo, ORCHID and other protocol assignments.
        [0x2001, 0..=0x01ff, ..] => "a reserved",
        [0x2000..=0x3fff, ..] => return None,
        _ => "a reserved",
    };
    Some(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edges_of_each_range_are_right() {
        // errata ALL-27
        let outside = [
            "9.255.255.255",
            "11.0.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "169.253.0.1",
            "198.20.0.0",
            "223.255.255.255",
        ];
        for public in outside {
            assert_eq!(special_v4(public.parse().unwrap()), None, "{public}");
        }
        for ip in [
            "10.0.0.0",
            "10.255.255.255",
            "172.16.0.0",
            "172.31.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "198.19.255.255",
            "240.0.0.0",
        ] {
            assert!(special_v4(ip.parse().unwrap()).is_some(), "{ip}");
        }
        for public in [
            "2606:4700::1111",
            "64:ff9b::808:808",
            "2002:808:808::1",
            "2001:4860:4860::8888",
        ] {
            assert_eq!(special_v6(public.parse().unwrap()), None, "{public}");
        }
        for ip in [
            "fc00::",
            "fdff::1",
            "fec0::1",
            "64:ff9b:1::1",
            "2001::1",
            "3fff::1",
            "4000::1",
        ] {
            assert!(special_v6(ip.parse().unwrap()).is_some(), "{ip}");
        }
    }
}
