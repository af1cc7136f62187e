//! The module `net`: addresses and networks as text; it opens nothing.

mod cidr;

use crate::args::{Param, failure};
use kcl_eval::Interp;
use kcl_eval::library::{Args, Eval, Native, function};
use kcl_eval::text::display;
use kcl_eval::value::Value;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Its members.
pub(crate) const NATIVES: &[Native] = &[
    function("CIDR_host", cidr::host),
    function("CIDR_netmask", cidr::netmask),
    function("CIDR_subnet", cidr::subnet),
    function("CIDR_subnets", cidr::subnets),
    function("IP_string", |_, args| canonical("IP_string", args)),
    function("fqdn", fqdn),
    function("is_IP", |_, args| test("is_IP", args, |_| true)),
    function("is_IP_in_CIDR", cidr::contains),
    function("is_IPv4", |_, args| test("is_IPv4", args, |ip| ip.is_ipv4())),
    function("is_IPv6", |_, args| test("is_IPv6", args, |ip| ip.is_ipv6())),
    function("is_global_unicast_IP", |_, args| test("is_global_unicast_IP", args, is_global)),
    function("is_interface_local_multicast_IP", |_, args| {
        test("is_interface_local_multicast_IP", args, |ip| multicast_scope(ip) == Some(1))
    }),
    function("is_link_local_multicast_IP", |_, args| {
        test("is_link_local_multicast_IP", args, |ip| match ip {
            IpAddr::V4(ip) => ip.octets().starts_with(&[224, 0, 0]),
            IpAddr::V6(_) => multicast_scope(ip) == Some(2),
        })
    }),
    function("is_link_local_unicast_IP", |_, args| {
        test("is_link_local_unicast_IP", args, is_link_local)
    }),
    function("is_loopback_IP", |_, args| test("is_loopback_IP", args, |ip| ip.is_loopback())),
    function("is_multicast_IP", |_, args| test("is_multicast_IP", args, |ip| ip.is_multicast())),
    function("is_unspecified_IP", |_, args| {
        test("is_unspecified_IP", args, |ip| ip.is_unspecified())
    }),
    function("join_host_port", join_host_port),
    function("parse_CIDR", cidr::parse),
    function("parse_IP", |_, args| canonical("parse_IP", args)),
    function("split_host_port", split_host_port),
    function("to_IP4", to_ip4),
    function("to_IP6", to_ip6),
];

/// Takes an address; `None` where the text is none.
fn address(name: &'static str, args: &mut Args) -> Eval<Option<IpAddr>> {
    Ok(Param(name, 0, "ip").text(args)?.parse().ok())
}

fn test(name: &'static str, mut args: Args, holds: fn(IpAddr) -> bool) -> Eval<Value> {
    Ok(Value::Bool(address(name, &mut args)?.is_some_and(holds)))
}

/// Gives an address in its shortest form, or no text.
fn canonical(name: &'static str, mut args: Args) -> Eval<Value> {
    let address = address(name, &mut args)?;
    Ok(Value::str(address.map_or_else(String::new, |address| address.to_string())))
}

/// Returns the scope of an IPv6 multicast address.
fn multicast_scope(ip: IpAddr) -> Option<u8> {
    match ip {
        IpAddr::V6(ip) if ip.is_multicast() => ip.octets().get(1).map(|byte| byte & 0x0f),
        _ => None,
    }
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// Returns whether the address is unicast and may be routed everywhere.
fn is_global(ip: IpAddr) -> bool {
    if ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() || is_link_local(ip) {
        return false;
    }
    match ip {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            let shared = first == 100 && (64..128).contains(&second);
            let benchmark = first == 198 && (second & 0xfe) == 18;
            !(ip.is_private()
                || ip.is_broadcast()
                || ip.is_documentation()
                || first == 0
                || first >= 240
                || shared
                || benchmark)
        }
        IpAddr::V6(ip) => {
            let [first, second, ..] = ip.segments();
            !(ip.is_unique_local() || (first == 0x2001 && second == 0xdb8))
        }
    }
}

fn to_ip4(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let address = address("to_IP4", &mut args)?;
    Ok(Value::str(match address {
        Some(IpAddr::V4(ip)) => ip.to_string(),
        Some(IpAddr::V6(ip)) => ip.to_ipv4().map_or_else(String::new, |ip| ip.to_string()),
        None => String::new(),
    }))
}

fn to_ip6(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let address = address("to_IP6", &mut args)?;
    Ok(Value::str(match address {
        Some(IpAddr::V4(ip)) => Ipv4Addr::to_ipv6_mapped(&ip).to_string(),
        Some(IpAddr::V6(ip)) => Ipv6Addr::to_string(&ip),
        None => String::new(),
    }))
}

fn split_host_port(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let text = Param("split_host_port", 0, "ip_end_point").text(&mut args)?;
    let missing = || failure(format!("ip_end_point \"{text}\" missing port"));
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']').ok_or_else(missing)?;
            (host, after.strip_prefix(':').ok_or_else(missing)?)
        }
        None => text.rsplit_once(':').ok_or_else(missing)?,
    };
    if host.contains(':') && !text.starts_with('[') {
        return Err(failure(format!("ip_end_point \"{text}\" too many colons")));
    }
    Ok(Value::list(vec![Value::str(host), Value::str(port)]))
}

fn join_host_port(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let host = Param("join_host_port", 0, "host").text(&mut args)?;
    let param = Param("join_host_port", 1, "port");
    let port = match param.value(&mut args)? {
        Value::Int(port) => port.to_string(),
        Value::Str(port) => port.to_string(),
        other => return Err(param.wrong("int | str", &other)),
    };
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_string() };
    Ok(Value::str(format!("{host}:{port}")))
}

/// Gives the name itself: nothing is looked up.
fn fqdn(_: &mut Interp<'_>, mut args: Args) -> Eval<Value> {
    let name = Param("fqdn", 0, "name").opt_value(&mut args).map(|name| display(&name));
    let name = name.filter(|name| !name.is_empty());
    Ok(Value::str(name.unwrap_or_else(|| "localhost".to_owned())))
}
