//! The address guard: a public server must not redirect Plimsoll to addresses that only this machine or its network can
//! reach. Connections use exactly the addresses that were checked; no name is resolved twice.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::OnceCell;
use url::{Host, Url};

/// A future with the addresses of a host.
pub type Addresses<'a> = Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Finds the addresses of a host.
pub trait Lookup: Send + Sync {
    /// The addresses of the name `host`.
    fn lookup<'a>(&'a self, host: &'a str) -> Addresses<'a>;
}

/// The resolver of the system.
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup<'a>(&'a self, host: &'a str) -> Addresses<'a> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect()) })
    }
}

/// The refusal of a host by the guard.
#[derive(Debug)]
pub(crate) struct RefusedAddress {
    host: String,
    address: IpAddr,
}

impl fmt::Display for RefusedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, address } = self;
        write!(f, "{host} has the private address {address}, but the target is public; no request is sent to it")
    }
}

impl std::error::Error for RefusedAddress {}

/// Resolves names, and refuses private addresses if the target is public. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Guard {
    inner: Arc<Inner>,
}

struct Inner {
    base: Option<Host<String>>,
    lookup: Arc<dyn Lookup>,
    /// Whether a proxy resolves names; then only the name of the proxy is resolved here.
    proxied: bool,
    base_is_private: OnceCell<bool>,
}

impl Guard {
    pub(crate) fn new(base: &Url, lookup: Arc<dyn Lookup>, proxied: bool) -> Self {
        let base = base.host().map(|host| host.to_owned());
        Self { inner: Arc::new(Inner { base, lookup, proxied, base_is_private: OnceCell::new() }) }
    }

    /// Refuses a URL with a private address as its host.
    pub(crate) async fn admit(&self, url: &Url) -> Result<(), RefusedAddress> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            _ => return Ok(()),
        };
        if is_private(address) && !self.base_is_private().await {
            return Err(RefusedAddress { host: address.to_string(), address });
        }
        Ok(())
    }

    /// The addresses of `host`; private ones only if the base has a private address too.
    pub(crate) async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let addresses = self.inner.lookup.lookup(host).await?;
        if addresses.is_empty() {
            return Err(format!("the name {host} has no address").into());
        }
        if self.inner.proxied {
            return Ok(addresses);
        }
        let private = addresses.iter().copied().find(|address| is_private(*address));
        let is_base = matches!(&self.inner.base, Some(Host::Domain(base)) if base.eq_ignore_ascii_case(host));
        let trusted = if is_base {
            // The first result counts: a base that becomes private later is refused like any other host.
            *self.inner.base_is_private.get_or_init(|| async { private.is_some() }).await
        } else {
            self.base_is_private().await
        };
        match private {
            Some(address) if !trusted => Err(Box::new(RefusedAddress { host: host.to_owned(), address })),
            _ => Ok(addresses),
        }
    }

    async fn base_is_private(&self) -> bool {
        let decide = || async {
            match &self.inner.base {
                Some(Host::Ipv4(address)) => Ok(is_private(IpAddr::V4(*address))),
                Some(Host::Ipv6(address)) => Ok(is_private(IpAddr::V6(*address))),
                Some(Host::Domain(_)) if self.inner.proxied => Ok(false),
                Some(Host::Domain(name)) => {
                    self.inner.lookup.lookup(name).await.map(|found| found.into_iter().any(is_private))
                }
                None => Ok(false),
            }
        };
        // A base that cannot be resolved now counts as public, and is resolved again the next time.
        self.inner.base_is_private.get_or_try_init(decide).await.copied().unwrap_or(false)
    }
}

/// Whether the host of a URL is this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Whether an address can be reached only from this machine or its network.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => is_private_v6(address),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_multicast()
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_private_v4(inner);
    }
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_private_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // Unspecified, loopback, and the obsolete form of an IPv4 address.
        [0, 0, 0, 0, 0, 0, high, low] => high == 0 || v4(high, low),
        // Translated addresses contain an IPv4 address.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0x64, 0xff9b, 1, ..] => true,
        [0x2002, high, low, ..] => v4(high, low),
        [first, ..] => {
            first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80 || first & 0xffc0 == 0xfec0 || first & 0xff00 == 0xff00
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn private_and_public_addresses_are_distinguished() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "0.0.0.0",
            "0.1.2.3",
            "::1",
            "::",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "::7f00:1",
            "ff02::1",
        ] {
            assert!(is_private(private.parse().unwrap()), "{private}");
        }
        for public in [
            "8.8.8.8",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(!is_private(public.parse().unwrap()), "{public}");
        }
    }

    /// A lookup that returns a public address the first time and a private address afterwards.
    struct BecomesPrivate(std::sync::Mutex<bool>);

    impl Lookup for BecomesPrivate {
        fn lookup<'a>(&'a self, _: &'a str) -> Addresses<'a> {
            let turned = std::mem::replace(&mut *self.0.lock().unwrap(), true);
            let address = if turned { "127.0.0.1" } else { "203.0.113.7" };
            Box::pin(async move { Ok(vec![address.parse().unwrap()]) })
        }
    }

    #[tokio::test]
    async fn a_base_that_becomes_private_is_refused() {
        let base = Url::parse("https://changing.test/fhir").unwrap();
        let guard = Guard::new(&base, Arc::new(BecomesPrivate(std::sync::Mutex::new(false))), false);
        assert_eq!(guard.resolve("changing.test").await.unwrap(), ["203.0.113.7".parse::<IpAddr>().unwrap()]);
        let error = guard.resolve("changing.test").await.unwrap_err();
        assert!(error.is::<RefusedAddress>(), "{error}");
    }
}
