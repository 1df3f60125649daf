//! Which addresses may be connected to: public ones, and of the others those that the grant names.
//!
//! Asked with the resolved address, of which the connection is then made: a name that resolves to something else in between changes nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Why an address may not be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It hands out a machine's credentials to whoever asks: no grant can allow it.
    #[error("{0} serves a machine's metadata and credentials: never allowed")]
    Metadata(IpAddr),
    /// It is not a public address, and no range of `private-addresses` has it.
    #[error("{address} is not public ({kind}) and not in `private-addresses`")]
    NotPublic {
        /// The address.
        address: IpAddr,
        /// What it is instead: `loopback`, `private`.
        kind: &'static str,
    },
}

/// Whether `address` may be connected to by a grant with these `private` ranges.
///
/// An IPv6 address that carries an IPv4 one (mapped, compatible, translated, 6to4, NAT64) counts as both.
///
/// # Errors
/// Metadata addresses always, others that are not public unless a range has them.
pub fn address_allowed(address: IpAddr, private: &[IpNet]) -> Result<(), AddressError> {
    let carried = match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(v6) => carried_v4(v6).map(IpAddr::V4),
    };
    if is_metadata(address) || carried.is_some_and(is_metadata) {
        return Err(AddressError::Metadata(address));
    }
    let Some(kind) = not_public(carried.unwrap_or(address)) else {
        return Ok(());
    };
    let named = |address: IpAddr| private.iter().any(|range| range.contains(&address));
    if named(address) || carried.is_some_and(named) { Ok(()) } else { Err(AddressError::NotPublic { address, kind }) }
}

/// Addresses at which clouds answer with credentials, to any request from the machine.
fn is_metadata(address: IpAddr) -> bool {
    const V4: [Ipv4Addr; 8] = [
        Ipv4Addr::new(169, 254, 169, 254), // most clouds
        Ipv4Addr::new(169, 254, 170, 2),   // AWS ECS tasks
        Ipv4Addr::new(169, 254, 170, 23),  // AWS EKS pods
        Ipv4Addr::new(169, 254, 42, 42),   // Scaleway
        Ipv4Addr::new(169, 254, 0, 23),    // Tencent
        Ipv4Addr::new(100, 100, 100, 200), // Alibaba
        Ipv4Addr::new(192, 0, 0, 192),     // Oracle, older
        Ipv4Addr::new(168, 63, 129, 16),   // Azure's host, a public address by its number
    ];
    const V6: [Ipv6Addr; 4] = [
        Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), // AWS
        Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),  // AWS EKS pods
        Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),  // Google
        Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),   // Scaleway
    ];
    match address {
        IpAddr::V4(v4) => V4.contains(&v4),
        IpAddr::V6(v6) => V6.contains(&v6),
    }
}

/// The IPv4 address that a connection to this one ends at.
fn carried_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => of(high, low),
        [0, 0, 0, 0, 0xffff, 0, high, low] => of(high, low),
        [0x2002, high, low, ..] => of(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => of(high, low),
        // RFC 6052: with a prefix of 48 bits the address stands on both sides of eight zero bits.
        [0x64, 0xff9b, 1, high, middle, low, ..] => {
            let ([_, c], [d, _]) = (middle.to_be_bytes(), low.to_be_bytes());
            of(high, u16::from_be_bytes([c, d]))
        }
        _ => None,
    }
}

const fn v4(a: u8, b: u8, c: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), prefix)
}

const fn v6(first: u16, second: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0), prefix)
}

/// What IANA's special-purpose registry of IPv4 does not call globally reachable.
const NOT_PUBLIC_V4: [(Ipv4Net, &str); 16] = [
    (v4(0, 0, 0, 8), "unspecified"),
    (v4(10, 0, 0, 8), "private"),
    (v4(100, 64, 0, 10), "shared by a carrier"),
    (v4(127, 0, 0, 8), "loopback"),
    (v4(169, 254, 0, 16), "link-local"),
    (v4(172, 16, 0, 12), "private"),
    (v4(192, 0, 0, 24), "protocol assignment"),
    (v4(192, 0, 2, 24), "documentation"),
    (v4(192, 88, 99, 24), "6to4 relay"),
    (v4(192, 168, 0, 16), "private"),
    (v4(198, 18, 0, 15), "benchmark"),
    (v4(198, 51, 100, 24), "documentation"),
    (v4(203, 0, 113, 24), "documentation"),
    (Ipv4Net::new_assert(Ipv4Addr::BROADCAST, 32), "broadcast"),
    (v4(224, 0, 0, 4), "multicast"),
    (v4(240, 0, 0, 4), "reserved"),
];

/// The same of IPv6, within what is given out at all.
const NOT_PUBLIC_V6: [(Ipv6Net, &str); 9] = [
    (Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 128), "unspecified"),
    (Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128), "loopback"),
    (v6(0xfc00, 0, 7), "private"),
    (v6(0xfe80, 0, 10), "link-local"),
    (v6(0xfec0, 0, 10), "site-local"),
    (v6(0xff00, 0, 8), "multicast"),
    (v6(0x2001, 0, 23), "protocol assignment"),
    (v6(0x2001, 0xdb8, 32), "documentation"),
    (v6(0x3fff, 0, 20), "documentation"),
];

/// All that is given out as public IPv6 addresses so far; what may come later is refused until then.
const GIVEN_OUT_V6: Ipv6Net = v6(0x2000, 0, 3);

fn not_public(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => NOT_PUBLIC_V4.iter().find(|(range, _)| range.contains(&v4)).map(|(_, kind)| *kind),
        IpAddr::V6(v6) => {
            let listed = NOT_PUBLIC_V6.iter().find(|(range, _)| range.contains(&v6)).map(|(_, kind)| *kind);
            listed.or_else(|| (!GIVEN_OUT_V6.contains(&v6)).then_some("reserved"))
        }
    }
}

#[cfg(test)]
mod tests {
    use ipnet::IpNet;
    use proptest::prelude::*;

    use super::{AddressError, address_allowed};

    fn check(address: &str, private: &[&str]) -> Result<(), AddressError> {
        let private: Vec<IpNet> = private.iter().map(|range| range.parse().unwrap()).collect();
        address_allowed(address.parse().unwrap(), &private)
    }

    #[test]
    fn public_addresses_are_allowed_by_themselves() {
        for public in [
            "8.8.8.8",
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "193.0.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert_eq!(check(public, &[]), Ok(()), "{public}");
        }
    }

    #[test]
    fn other_addresses_are_refused_by_their_kind() {
        for (address, kind) in [
            ("127.0.0.1", "loopback"),
            ("127.255.255.254", "loopback"),
            ("0.0.0.0", "unspecified"),
            ("0.1.2.3", "unspecified"),
            ("10.0.0.1", "private"),
            ("172.16.0.1", "private"),
            ("172.31.255.255", "private"),
            ("192.168.1.1", "private"),
            ("100.64.0.1", "shared by a carrier"),
            ("169.254.1.1", "link-local"),
            ("192.0.0.8", "protocol assignment"),
            ("192.0.2.1", "documentation"),
            ("198.51.100.1", "documentation"),
            ("203.0.113.1", "documentation"),
            ("192.88.99.1", "6to4 relay"),
            ("198.19.0.1", "benchmark"),
            ("224.0.0.1", "multicast"),
            ("239.255.255.255", "multicast"),
            ("240.0.0.1", "reserved"),
            ("255.255.255.255", "broadcast"),
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("fc00::1", "private"),
            ("fdff::1", "private"),
            ("fe80::1", "link-local"),
            ("fec0::1", "site-local"),
            ("ff02::1", "multicast"),
            ("2001::1", "protocol assignment"),
            ("2001:db8::1", "documentation"),
            ("3fff::1", "documentation"),
            ("100::1", "reserved"),
            ("5f00::1", "reserved"),
            ("4000::1", "reserved"),
        ] {
            assert_eq!(check(address, &[]), Err(AddressError::NotPublic { address: address.parse().unwrap(), kind }), "{address}");
        }
    }

    #[test]
    fn an_ipv4_address_cannot_hide_in_an_ipv6_one() {
        for (address, kind) in [
            ("::ffff:127.0.0.1", "loopback"),
            ("::ffff:10.0.0.1", "private"),
            ("::7f00:1", "loopback"),
            ("::ffff:0:7f00:1", "loopback"),
            ("2002:7f00:1::", "loopback"),
            ("64:ff9b::7f00:1", "loopback"),
            ("64:ff9b:1:7f00:0:100::", "loopback"),
            ("64:ff9b:1:a00:0:100::", "private"),
        ] {
            assert_eq!(check(address, &[]), Err(AddressError::NotPublic { address: address.parse().unwrap(), kind }), "{address}");
        }
        assert_eq!(check("::ffff:10.1.2.3", &["10.0.0.0/8"]), Ok(()));
        assert_eq!(check("::ffff:10.1.2.3", &["::ffff:0:0/96"]), Ok(()));
        assert!(check("::ffff:192.168.0.1", &["10.0.0.0/8"]).is_err());
    }

    #[test]
    fn a_granted_range_allows_its_addresses_and_no_others() {
        for (address, range, expect) in [
            ("127.0.0.1", "127.0.0.0/8", true),
            ("10.1.2.3", "10.0.0.0/8", true),
            ("11.0.0.1", "10.0.0.0/8", true), // public
            ("192.168.0.1", "10.0.0.0/8", false),
            ("::1", "::1/128", true),
            ("::1", "127.0.0.0/8", false),
            ("fd12::1", "fd00::/8", true),
            ("169.254.7.7", "169.254.0.0/16", true),
        ] {
            assert_eq!(check(address, &[range]).is_ok(), expect, "{address} in {range}");
        }
    }

    #[test]
    fn metadata_addresses_are_refused_whatever_is_granted() {
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "169.254.42.42",
            "169.254.0.23",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "fd00:42::42",
            "::ffff:169.254.169.254",
            "::a9fe:a9fe",
            "2002:a9fe:a9fe::",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1:a9fe:a9:fe00::",
            "::ffff:0:a9fe:a9fe",
        ] {
            assert_eq!(check(address, &["0.0.0.0/0", "::/0"]), Err(AddressError::Metadata(address.parse().unwrap())), "{address}");
        }
    }

    proptest! {
        #[test]
        fn with_every_range_granted_only_metadata_is_refused(bits: u128) {
            let address = std::net::IpAddr::V6(bits.into());
            let all: Vec<IpNet> = ["0.0.0.0/0", "::/0"].iter().map(|range| range.parse().unwrap()).collect();
            let decision = address_allowed(address, &all);
            prop_assert!(decision.is_ok() || decision == Err(AddressError::Metadata(address)));
        }

        #[test]
        fn an_ipv4_address_and_its_mapped_form_are_decided_alike(bits: u32) {
            let v4 = std::net::Ipv4Addr::from(bits);
            prop_assert_eq!(address_allowed(v4.into(), &[]).is_ok(), address_allowed(v4.to_ipv6_mapped().into(), &[]).is_ok());
        }
    }
}
