//! `git://`, on loopback only: it has neither encryption nor a way to say who we are.

use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::Arc;

use gix_transport::client::git::ConnectMode;
use gix_transport::client::git::blocking_io::Connection;
use reqwest::Url;

use super::AnyTransport;
use super::meter::Meter;
use crate::hosts::{HostError, HostRules, host_of, is_loopback};
use crate::{FetchError, NetworkProblem, RemoteText};

/// The port of git daemons.
const PORT: u16 = 9418;

/// Checks that the host is this machine, and may be reached.
pub(super) fn check(rules: &HostRules, url: &Url) -> Result<(), HostError> {
    let host = host_of(url);
    if !is_loopback(&host) {
        return Err(HostError::Scheme { scheme: url.scheme().to_owned(), host });
    }
    rules.check_name(&host)
}

/// Connects to a daemon that [`check`] let through.
pub(super) fn transport<'a>(
    url: &Url,
    meter: &Arc<Meter<'a>>,
) -> Result<AnyTransport<'a>, FetchError> {
    let error = |err: &io::Error| FetchError::Network {
        what: meter.what().to_owned(),
        problem: NetworkProblem::Connect,
        said: RemoteText::new(err.to_string().as_bytes()),
    };
    let (host, port) = (host_of(url), url.port().unwrap_or(PORT));
    let limits = &meter.client.http.limits;
    // `localhost` is not asked of the resolver: it is this machine, whatever that one says.
    let addresses = match host.parse::<IpAddr>() {
        Ok(address) => vec![address],
        Err(_name) => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
    };
    let mut connected = Err(io::ErrorKind::AddrNotAvailable.into());
    for address in addresses {
        connected =
            TcpStream::connect_timeout(&SocketAddr::new(address, port), limits.connect_timeout);
        if connected.is_ok() {
            break;
        }
    }
    let writer = connected.map_err(|err| error(&err))?;
    // Small packets, each of which waits for an answer.
    writer.set_nodelay(true).map_err(|err| error(&err))?;
    writer.set_read_timeout(Some(limits.idle_timeout)).map_err(|err| error(&err))?;
    writer.set_write_timeout(Some(limits.idle_timeout)).map_err(|err| error(&err))?;
    let reader = Metered {
        stream: writer.try_clone().map_err(|err| error(&err))?,
        meter: Arc::clone(meter),
    };
    let (version, mode) = (gix_transport::Protocol::V2, ConnectMode::Daemon);
    let virtual_host = Some((host, url.port()));
    Ok(Box::new(Connection::new(reader, writer, version, url.path(), virtual_host, mode, false)))
}

/// What a daemon sends, counted.
struct Metered<'a> {
    /// The connection.
    stream: TcpStream,
    /// The account.
    meter: Arc<Meter<'a>>,
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer).map_err(|err| match err.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => self.meter.late(),
            _ => err,
        })?;
        self.meter.charge(read)?;
        Ok(read)
    }
}
