//! Each fault of the proxy, on a server that answers what it hears.

mod place;
mod proxy;
mod server;
