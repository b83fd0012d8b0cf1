//! The table of special-purpose addresses, against a list written by hand from the IANA registries.

use std::net::{Ipv4Addr, Ipv6Addr};

use endpoint_probe::AddressClass::{self, *};
use endpoint_probe::{Network, NetworkError, classify};
use proptest::prelude::*;

/// Each range's first and last address and the neighbours outside, metadata services, and addresses inside addresses.
const TABLE: &[(&str, AddressClass)] = &[
    ("0.0.0.0", Unspecified),
    ("0.0.0.1", Unspecified),
    ("0.255.255.255", Unspecified),
    ("1.0.0.0", Global),
    ("1.1.1.1", Global),
    ("8.8.8.8", Global),
    ("9.255.255.255", Global),
    ("10.0.0.0", Private),
    ("10.0.0.1", Private),
    ("10.255.255.255", Private),
    ("11.0.0.0", Global),
    ("100.63.255.255", Global),
    ("100.64.0.0", Shared),
    ("100.100.100.199", Shared),
    ("100.100.100.200", Metadata),
    ("100.100.100.201", Shared),
    ("100.127.255.255", Shared),
    ("100.128.0.0", Global),
    ("126.255.255.255", Global),
    ("127.0.0.0", Loopback),
    ("127.0.0.1", Loopback),
    ("127.1.2.3", Loopback),
    ("127.255.255.255", Loopback),
    ("128.0.0.0", Global),
    ("168.63.129.15", Global),
    ("168.63.129.16", Metadata),
    ("168.63.129.17", Global),
    ("169.253.255.255", Global),
    ("169.254.0.0", LinkLocal),
    ("169.254.0.22", LinkLocal),
    ("169.254.0.23", Metadata),
    ("169.254.0.24", LinkLocal),
    ("169.254.42.42", Metadata),
    ("169.254.169.253", LinkLocal),
    ("169.254.169.254", Metadata),
    ("169.254.169.255", LinkLocal),
    ("169.254.170.1", LinkLocal),
    ("169.254.170.2", Metadata),
    ("169.254.170.3", LinkLocal),
    ("169.254.170.22", LinkLocal),
    ("169.254.170.23", Metadata),
    ("169.254.170.24", LinkLocal),
    ("169.254.255.255", LinkLocal),
    ("169.255.0.0", Global),
    ("172.15.255.255", Global),
    ("172.16.0.0", Private),
    ("172.24.1.1", Private),
    ("172.31.255.255", Private),
    ("172.32.0.0", Global),
    ("191.255.255.255", Global),
    ("192.0.0.0", Protocol),
    ("192.0.0.8", Protocol),
    ("192.0.0.9", Protocol),
    ("192.0.0.10", Protocol),
    ("192.0.0.170", Protocol),
    ("192.0.0.171", Protocol),
    ("192.0.0.191", Protocol),
    ("192.0.0.192", Metadata),
    ("192.0.0.193", Protocol),
    ("192.0.0.255", Protocol),
    ("192.0.1.0", Global),
    ("192.0.1.255", Global),
    ("192.0.2.0", Documentation),
    ("192.0.2.255", Documentation),
    ("192.0.3.0", Global),
    ("192.88.98.255", Global),
    ("192.88.99.0", SixToFour),
    ("192.88.99.1", SixToFour),
    ("192.88.99.255", SixToFour),
    ("192.88.100.0", Global),
    ("192.167.255.255", Global),
    ("192.168.0.0", Private),
    ("192.168.1.1", Private),
    ("192.168.255.255", Private),
    ("192.169.0.0", Global),
    ("198.17.255.255", Global),
    ("198.18.0.0", Benchmarking),
    ("198.19.0.0", Benchmarking),
    ("198.19.255.255", Benchmarking),
    ("198.20.0.0", Global),
    ("198.51.99.255", Global),
    ("198.51.100.0", Documentation),
    ("198.51.100.255", Documentation),
    ("198.51.101.0", Global),
    ("203.0.112.255", Global),
    ("203.0.113.0", Documentation),
    ("203.0.113.255", Documentation),
    ("203.0.114.0", Global),
    ("223.255.255.255", Global),
    ("224.0.0.0", Multicast),
    ("224.0.0.1", Multicast),
    ("239.255.255.255", Multicast),
    ("240.0.0.0", Reserved),
    ("247.1.2.3", Reserved),
    ("255.255.255.254", Reserved),
    ("255.255.255.255", Reserved),
    ("::", Unspecified),
    ("::1", Loopback),
    ("::2", Ipv4Compatible),
    ("::7f00:1", Ipv4Compatible),
    ("::10.0.0.1", Ipv4Compatible),
    ("::8.8.8.8", Ipv4Compatible),
    ("::ffff:ffff", Ipv4Compatible),
    ("::1:0:0", NotUnicast),
    ("::fffe:ffff:ffff", NotUnicast),
    ("::ffff:0.0.0.0", Unspecified),
    ("::ffff:8.8.8.8", Global),
    ("::ffff:10.0.0.1", Private),
    ("::ffff:127.0.0.1", Loopback),
    ("::ffff:169.254.169.254", Metadata),
    ("::ffff:168.63.129.16", Metadata),
    ("::ffff:192.0.2.1", Documentation),
    ("::ffff:255.255.255.255", Reserved),
    ("::1:0:0:0", NotUnicast),
    ("::ffff:0:8.8.8.8", NotUnicast),
    ("64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", NotUnicast),
    ("64:ff9b::", Unspecified),
    ("64:ff9b::8.8.8.8", Global),
    ("64:ff9b::10.0.0.1", Private),
    ("64:ff9b::127.0.0.1", Loopback),
    ("64:ff9b::169.254.169.254", Metadata),
    ("64:ff9b::ffff:ffff", Reserved),
    ("64:ff9b::1:0:0", NotUnicast),
    ("64:ff9b:0:ffff:ffff:ffff:ffff:ffff", NotUnicast),
    ("64:ff9b:1::", LocalTranslation),
    ("64:ff9b:1::8.8.8.8", LocalTranslation),
    ("64:ff9b:1:ffff:ffff:ffff:ffff:ffff", LocalTranslation),
    ("64:ff9b:2::", NotUnicast),
    ("100::", NotUnicast),
    ("100::ffff:ffff:ffff:ffff", NotUnicast),
    ("100:0:0:1::", NotUnicast),
    ("1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NotUnicast),
    ("2000::", Global),
    ("2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Global),
    ("2001::", Teredo),
    ("2001:0:4136:e378:8000:63bf:3fff:fdd2", Teredo),
    ("2001:0:ffff:ffff:ffff:ffff:ffff:ffff", Teredo),
    ("2001:1::", Protocol),
    ("2001:1::1", Protocol),
    ("2001:1::2", Protocol),
    ("2001:1:ffff:ffff:ffff:ffff:ffff:ffff", Protocol),
    ("2001:2::", Benchmarking),
    ("2001:2:0:ffff:ffff:ffff:ffff:ffff", Benchmarking),
    ("2001:2:1::", Protocol),
    ("2001:3::", Protocol),
    ("2001:4:112::", Protocol),
    ("2001:f:ffff:ffff:ffff:ffff:ffff:ffff", Protocol),
    ("2001:10::", Orchid),
    ("2001:1f:ffff:ffff:ffff:ffff:ffff:ffff", Orchid),
    ("2001:20::", Orchid),
    ("2001:2f:ffff:ffff:ffff:ffff:ffff:ffff", Orchid),
    ("2001:30::", Protocol),
    ("2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", Protocol),
    ("2001:200::", Global),
    ("2001:4860:4860::8888", Global),
    ("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", Global),
    ("2001:db8::", Documentation),
    ("2001:db8::1", Documentation),
    ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", Documentation),
    ("2001:db9::", Global),
    ("2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Global),
    ("2002::", SixToFour),
    ("2002:a9fe:a9fe::1", SixToFour),
    ("2002:808:808::1", SixToFour),
    ("2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", SixToFour),
    ("2003::", Global),
    ("2606:4700:4700::1111", Global),
    ("2620:4f:8000::", Global),
    ("3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Global),
    ("3fff::", Documentation),
    ("3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", Documentation),
    ("3fff:1000::", Global),
    ("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Global),
    ("4000::", NotUnicast),
    ("5f00::", NotUnicast),
    ("fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NotUnicast),
    ("fc00::", UniqueLocal),
    ("fd00::1", UniqueLocal),
    ("fd00:42::41", UniqueLocal),
    ("fd00:42::42", Metadata),
    ("fd00:ec2::22", UniqueLocal),
    ("fd00:ec2::23", Metadata),
    ("fd00:ec2::253", UniqueLocal),
    ("fd00:ec2::254", Metadata),
    ("fd00:ec2::255", UniqueLocal),
    ("fd20:ce::253", UniqueLocal),
    ("fd20:ce::254", Metadata),
    ("fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", UniqueLocal),
    ("fe00::", NotUnicast),
    ("fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NotUnicast),
    ("fe80::", LinkLocal),
    ("fe80::1", LinkLocal),
    ("fe80::a9fe:a9fe", Metadata),
    ("febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", LinkLocal),
    ("fec0::", NotUnicast),
    ("feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NotUnicast),
    ("ff00::", Multicast),
    ("ff02::1", Multicast),
    ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Multicast),
];

#[test]
fn every_listed_address_has_its_class() {
    // errata ALL-27, EVR-09
    assert!(TABLE.len() >= 155, "{}", TABLE.len());
    for (text, class) in TABLE {
        assert_eq!(classify(text.parse().unwrap()), *class, "{text}");
    }
}

/// The same ranges as bounds of numbers instead of patterns of bytes: a second reading of the registry.
const SPECIAL_V4: [(u32, u32); 15] = [
    (0x0000_0000, 0x00ff_ffff),
    (0x0a00_0000, 0x0aff_ffff),
    (0x6440_0000, 0x647f_ffff),
    (0x7f00_0000, 0x7fff_ffff),
    (0xa83f_8110, 0xa83f_8110),
    (0xa9fe_0000, 0xa9fe_ffff),
    (0xac10_0000, 0xac1f_ffff),
    (0xc000_0000, 0xc000_00ff),
    (0xc000_0200, 0xc000_02ff),
    (0xc058_6300, 0xc058_63ff),
    (0xc0a8_0000, 0xc0a8_ffff),
    (0xc612_0000, 0xc613_ffff),
    (0xc633_6400, 0xc633_64ff),
    (0xcb00_7100, 0xcb00_71ff),
    (0xe000_0000, 0xffff_ffff),
];

fn is_special_v4(ip: u32) -> bool {
    SPECIAL_V4
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&ip))
}

#[test]
fn no_special_ipv4_block_is_missed() {
    let edges = SPECIAL_V4
        .iter()
        .flat_map(|&(first, last)| [first.wrapping_sub(1), first, last, last.wrapping_add(1)]);
    // And one address of every /18.
    for ip in (0..1 << 18).map(|block| block << 14 | 0x0a0b).chain(edges) {
        let address = Ipv4Addr::from(ip);
        assert_eq!(
            classify(address.into()).is_global(),
            !is_special_v4(ip),
            "{address}"
        );
    }
}

proptest! {
    #[test]
    fn an_address_inside_another_is_judged_by_itself(ip: u32) {
        let inner = Ipv4Addr::from(ip);
        let class = classify(inner.into());
        prop_assert_eq!(class.is_global(), !is_special_v4(ip));
        for outer in [format!("::ffff:{inner}"), format!("64:ff9b::{inner}")] {
            prop_assert_eq!(classify(outer.parse().unwrap()), class, "{}", outer);
        }
        for blocked in [format!("::{inner}"), format!("64:ff9b:1::{inner}"), format!("::ffff:0:{inner}")] {
            prop_assert!(!classify(blocked.parse().unwrap()).is_global(), "{}", blocked);
        }
        let [a, b, c, d] = inner.octets();
        let six_to_four = format!("2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1");
        prop_assert_eq!(classify(six_to_four.parse().unwrap()), AddressClass::SixToFour);
    }

    #[test]
    fn outside_of_2000_nothing_but_ipv4_is_public(bits: u128) {
        let ip = Ipv6Addr::from(bits);
        let class = classify(ip.into());
        let unicast = bits >> 125 == 1;
        if ip.to_ipv4_mapped().is_none() && bits >> 32 != 0x0064_ff9b_0000_0000_0000_0000 {
            prop_assert!(unicast || !class.is_global(), "{}", ip);
        }
    }

    #[test]
    fn a_network_holds_what_shares_its_prefix(bits: u32, prefix in 0u8..=32, other: u32) {
        let mask = u32::MAX.checked_shl(u32::from(32 - prefix)).unwrap_or(0);
        let network = Network::new(Ipv4Addr::from(bits & mask).into(), prefix).unwrap();
        prop_assert_eq!(network.to_string().parse(), Ok(network));
        prop_assert!(network.contains(Ipv4Addr::from(bits).into()));
        let expected = other & mask == bits & mask;
        let other = Ipv4Addr::from(other);
        prop_assert_eq!(network.contains(other.into()), expected);
        prop_assert_eq!(network.contains(other.to_ipv6_mapped().into()), expected);
    }

    #[test]
    fn no_text_makes_a_network_panic(text in "[0-9a-f:./+-]{0,24}") {
        let _ = text.parse::<Network>();
    }
}

#[test]
fn a_network_that_may_mean_two_things_is_refused() {
    for (text, error) in [
        ("", NetworkError::Address),
        ("example.com/8", NetworkError::Address),
        ("10.0.0.0/33", NetworkError::Prefix),
        ("10.0.0.0/", NetworkError::Prefix),
        ("10.0.0.0/+8", NetworkError::Prefix),
        ("10.0.0.0/999", NetworkError::Prefix),
        ("fd00::/129", NetworkError::Prefix),
        ("10.0.0.1/8", NetworkError::HostBits),
        ("fd00::1/64", NetworkError::HostBits),
    ] {
        assert_eq!(text.parse::<Network>(), Err(error), "{text}");
    }
    let mapped: Network = "::ffff:10.0.0.0/104".parse().unwrap();
    assert_eq!(mapped.to_string(), "10.0.0.0/8");
    let all: Network = "::/0".parse().unwrap();
    assert!(all.contains("fd00::1".parse().unwrap()));
    assert!(!all.contains("10.0.0.1".parse().unwrap()));
}
