//! Networks: an address and the length of its prefix.

use crate::args::{Param, failure};
use akua_source::Diagnostic;
use kcl_eval::Interp;
use kcl_eval::dict::Dict;
use kcl_eval::library::{Args, Eval};
use kcl_eval::value::Value;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Most networks that one call makes.
const SUBNETS_LIMIT: usize = 100_000;

/// A network; its address has no bits beyond the prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    /// The address as a number.
    base: u128,
    /// Length of the prefix.
    prefix: u32,
    /// 32 or 128.
    bits: u32,
}

impl Network {
    /// Reads `address/prefix`.
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let (base, bits) = number_of(address.parse().ok()?);
        let prefix = prefix.parse().ok().filter(|prefix| *prefix <= bits)?;
        Some(Self { base: base & mask(prefix, bits), prefix, bits })
    }

    /// Returns an address of the family.
    fn address(self, number: u128) -> IpAddr {
        if self.bits == 32 {
            IpAddr::V4(Ipv4Addr::from(u32::try_from(number & 0xffff_ffff).unwrap_or(0)))
        } else {
            IpAddr::V6(Ipv6Addr::from(number))
        }
    }

    /// Returns the number of host bits.
    fn host_bits(self) -> u32 {
        self.bits.saturating_sub(self.prefix)
    }

    fn text(self) -> String {
        format!("{}/{}", self.address(self.base), self.prefix)
    }

    /// Returns a network with a longer prefix.
    fn extended(self, function: &str, additional: i64) -> Eval<Self> {
        let prefix = i64::from(self.prefix).saturating_add(additional);
        let valid = u32::try_from(prefix).ok().filter(|p| *p <= self.bits && *p >= self.prefix);
        let Some(prefix) = valid else {
            let family = if self.bits == 32 { "IPv4" } else { "IPv6" };
            return Err(failure(format!(
                "{function}() invalid additional_bits: would extend network length to {prefix} \
                 bits, which is too long for {family}"
            )));
        };
        Ok(Self { prefix, ..self })
    }
}

/// Returns an address as a number, and the bits of its family.
fn number_of(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(ip) => (u128::from(u32::from(ip)), 32),
        IpAddr::V6(ip) => (u128::from(ip), 128),
    }
}

/// Returns the mask of a prefix.
fn mask(prefix: u32, bits: u32) -> u128 {
    let all = u128::MAX.checked_shr(128_u32.saturating_sub(bits)).unwrap_or(0);
    all & !all.checked_shr(prefix).unwrap_or(0)
}

fn take(function: &'static str, at: usize, args: &mut Args) -> Eval<Network> {
    let text = Param(function, at, "cidr").text(args)?;
    Network::parse(&text).ok_or_else(|| invalid(function, &text))
}

fn invalid(function: &str, text: &str) -> Box<Diagnostic> {
    failure(format!("{function}() expected a network such as 10.0.0.0/8, found `{text}`"))
}

/// `CIDR_host(cidr, n)`: address number `n`, counted from the end if it is negative.
pub(super) fn host(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let network = take("CIDR_host", 0, &mut args)?;
    let number = Param("CIDR_host", 1, "host_num").int(&mut args)?;
    let last = !mask(network.prefix, network.bits) & mask(network.bits, network.bits);
    let offset = if number < 0 {
        last.checked_sub(u128::from(number.unsigned_abs().saturating_sub(1)))
    } else {
        Some(u128::from(number.unsigned_abs())).filter(|offset| *offset <= last)
    };
    let Some(offset) = offset else {
        return Err(failure(format!(
            "CIDR_host() prefix of {} does not accommodate a host numbered {number}",
            network.prefix
        )));
    };
    Ok(Value::str(network.address(network.base | offset).to_string()))
}

/// `CIDR_netmask(cidr)`.
pub(super) fn netmask(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let network = take("CIDR_netmask", 0, &mut args)?;
    if network.bits == 128 {
        return Err(failure("CIDR_netmask() IPv6 addresses cannot have a netmask"));
    }
    Ok(Value::str(network.address(mask(network.prefix, 32)).to_string()))
}

/// `CIDR_subnet(cidr, additional_bits, net_num)`.
pub(super) fn subnet(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let network = take("CIDR_subnet", 0, &mut args)?;
    let additional = Param("CIDR_subnet", 1, "additional_bits").int(&mut args)?;
    let number = Param("CIDR_subnet", 2, "net_num").int(&mut args)?;
    let subnet = network.extended("CIDR_subnet", additional)?;
    let width = subnet.prefix.saturating_sub(network.prefix);
    let count = 1_u128.checked_shl(width).unwrap_or(u128::MAX);
    let wanted = u128::try_from(number).ok().filter(|number| *number < count);
    let Some(wanted) = wanted else {
        return Err(failure(format!(
            "CIDR_subnet() additional_bits of {additional} does not accommodate a net_num of \
             {number}"
        )));
    };
    let base = network.base | wanted.checked_shl(subnet.host_bits()).unwrap_or(0);
    Ok(Value::str(Network { base, ..subnet }.text()))
}

/// `CIDR_subnets(cidr, [additional_bits])`: networks side by side.
pub(super) fn subnets(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let network = take("CIDR_subnets", 0, &mut args)?;
    let param = Param("CIDR_subnets", 1, "additional_bits");
    let additional = param.list(&mut args)?;
    if additional.len() > SUBNETS_LIMIT {
        return Err(failure(format!("CIDR_subnets() makes at most {SUBNETS_LIMIT} networks")));
    }
    let size = |network: Network| 1_u128.checked_shl(network.host_bits());
    let end = size(network).and_then(|size| network.base.checked_add(size));
    let full = || failure("CIDR_subnets() not enough remaining address space for a subnet");
    let mut next = Some(network.base);
    let mut found = Vec::with_capacity(additional.len());
    for bits in additional.iter() {
        let Value::Int(bits) = bits else { return Err(param.wrong("[int]", bits)) };
        let subnet = network.extended("CIDR_subnets", *bits)?;
        let size = size(subnet).ok_or_else(full)?;
        // Networks begin at multiples of their size.
        let rest = size.saturating_sub(1);
        let base = next.and_then(|next| next.checked_add(rest)).ok_or_else(full)? & !rest;
        next = base.checked_add(size);
        if end.is_some_and(|end| next.is_none_or(|next| next > end)) {
            return Err(full());
        }
        found.push(Value::str(Network { base, ..subnet }.text()));
    }
    Ok(Value::list(found))
}

/// `parse_CIDR(cidr)`: a dict of `ip` and `mask`, empty where the text is no network.
pub(super) fn parse(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = Param("parse_CIDR", 0, "cidr").text(&mut args)?;
    let mut dict = Dict::default();
    if let (Some(network), Some((address, _))) = (Network::parse(&text), text.split_once('/')) {
        dict.insert("ip".into(), Value::str(address));
        dict.insert("mask".into(), Value::Int(i64::from(network.prefix)));
    }
    Ok(Value::dict(dict))
}

/// `is_IP_in_CIDR(ip, cidr)`.
pub(super) fn contains(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = Param("is_IP_in_CIDR", 0, "ip").text(&mut args)?;
    let network = take("is_IP_in_CIDR", 1, &mut args)?;
    let Ok(address) = text.parse::<IpAddr>() else {
        return Err(failure(format!("is_IP_in_CIDR() expected an address, found `{text}`")));
    };
    let (number, bits) = number_of(address);
    let held = bits == network.bits && number & mask(network.prefix, bits) == network.base;
    Ok(Value::Bool(held))
}
