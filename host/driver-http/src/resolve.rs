//! From a name to the addresses that may be connected to: every one is checked, none is resolved a second time.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Instant;

use ipnet::IpNet;
use lockstep_grant::address_allowed;
use lockstep_model::Failure;
use url::Host;

use crate::course::Course;

/// Tells the addresses of a name, and blocks meanwhile: the system's resolver, but in tests.
pub(crate) type Names = Arc<dyn Fn(&str, u16) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// The system's resolver.
pub(crate) fn system() -> Names {
    Arc::new(|name, port| Ok((name, port).to_socket_addrs()?.collect()))
}

/// The addresses of a host that the grant allows, in the order the resolver gave them; at least one. `at` is what messages call it.
pub(crate) async fn resolve((host, port): (Host<&str>, u16), at: &str, names: &Names, private: &[IpNet], course: &Course) -> Result<Vec<SocketAddr>, Failure> {
    let found = match host {
        Host::Ipv4(address) => vec![SocketAddr::new(IpAddr::V4(address), port)],
        Host::Ipv6(address) => vec![SocketAddr::new(IpAddr::V6(address), port)],
        Host::Domain(name) => look_up(name, port, names, course).await?,
    };
    let mut refused = None;
    let allowed: Vec<SocketAddr> = found
        .into_iter()
        .filter(|address| match address_allowed(address.ip(), private) {
            Ok(()) => true,
            Err(error) => {
                refused.get_or_insert(error);
                false
            }
        })
        .collect();
    match refused {
        Some(error) if allowed.is_empty() => Err(Failure::Denied(format!(
            "`{at}` may not be connected to: {error}; a private address is allowed by its range in `private-addresses` of `[http]` in the grant"
        ))),
        Some(_) | None => Ok(allowed),
    }
}

async fn look_up(name: &str, port: u16, names: &Names, course: &Course) -> Result<Vec<SocketAddr>, Failure> {
    course.enters(format!("resolving `{name}`"));
    let started = Instant::now();
    let (names, asked) = (Arc::clone(names), name.to_owned());
    let found = tokio::task::spawn_blocking(move || names(&asked, port)).await.unwrap_or_else(|error| Err(io::Error::other(error)));
    course.took(started, |timing| &mut timing.dns);
    // The resolver does not say reliably whether a name does not exist or could not be looked up just now.
    let unknown =
        |why: &str| Failure::retryable("http.dns", format!("`{name}` cannot be resolved: {why}; is the name right, and does this host's resolver know it?"));
    let found = found.map_err(|error| unknown(&error.to_string()))?;
    if found.is_empty() { Err(unknown("it has no address")) } else { Ok(found) }
}
