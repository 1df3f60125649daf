//! A server that is down, or accepts connections and says nothing: a proxy stands before the real one.

use std::path::Path;
use std::time::Duration;

use lockstep_faults::{Fault, FaultProxy};
use lockstep_gate::{CallContext, Driver as _, Interrupt, LooseArtifacts, NoLiveOutput, NoNotes};
use lockstep_grant::Grant;
use lockstep_model::request::{KubeCall, KubeRequest, KubeResponse, KubeVersion};
use lockstep_model::{Failure, Secret};
use serde_json::Value;

use super::identity::{by_token, part};
use super::{Place, changed, granted};
use crate::KubeDriver;

/// A deployment in the real cluster, asked about through the proxy.
struct Behind {
    place: Place,
    before: KubeVersion,
    proxy: FaultProxy,
    grant: Grant,
    token: String,
    driver: KubeDriver,
}

impl Behind {
    /// With a connection that has served already.
    fn new() -> Option<Self> {
        let place = Place::new()?;
        let text = std::fs::read_to_string(lockstep_faults::server("KUBECONFIG")?).unwrap();
        let proxy = FaultProxy::before(part(&text, "server").trim_start_matches("https://")).unwrap();
        let grant = Grant::parse(&by_token(&text, &format!("https://{}", proxy.address())), "test.toml", Path::new("/")).unwrap();
        let before = place.deploy("api", "shop/api:1", 1).version;
        let behind = Self { place, before, proxy, grant, token: part(&text, "token"), driver: KubeDriver::new().unwrap() };
        behind.ask(behind.read()).unwrap();
        Some(behind)
    }

    fn read(&self) -> KubeRequest {
        self.place.deployment("api", KubeCall::Read)
    }

    fn restart(&self) -> KubeRequest {
        self.place.deployment("api", KubeCall::Restart { before: self.before.clone() })
    }

    /// Always as the same call: asked once more it is the same change.
    fn ask(&self, request: KubeRequest) -> Result<KubeResponse, Failure> {
        let granted = granted(request, &self.grant).with_placed(|_| Some(Secret::new(self.token.as_bytes().to_vec())));
        let context = CallContext {
            idempotency_key: "key",
            time_left: Duration::from_secs(30),
            interrupt: &Interrupt::default(),
            notes: &NoNotes,
            live: &NoLiveOutput,
            artifacts: &LooseArtifacts::default(),
        };
        self.driver.perform(&granted, &context)
    }

    /// How often the deployment has been changed, as the server itself says.
    fn changes(&self) -> u64 {
        let generation = |object: &Value| object["metadata"]["generation"].as_u64().unwrap();
        generation(&self.place.read("api")) - 1
    }

    /// The change is made now, and once, however often it is asked for.
    fn is_made_once(&self) {
        assert_eq!(self.changes(), 0, "nothing has been changed by what failed");
        for _ in 0..2 {
            changed(self.ask(self.restart()).unwrap());
            assert_eq!(self.changes(), 1);
        }
    }
}

#[test]
fn while_the_server_is_down_a_read_and_a_change_say_so_and_the_change_is_made_once_when_it_is_back() {
    let Some(behind) = Behind::new() else { return };
    behind.proxy.down();
    for request in [behind.read(), behind.restart()] {
        let failure = behind.ask(request).unwrap_err();
        assert_eq!((failure.code(), failure.is_retryable()), ("kube.connect", true), "{failure}");
        assert!(failure.message().contains(&behind.proxy.address().to_string()), "it says where: {failure}");
    }
    behind.proxy.up().unwrap();
    behind.is_made_once();
}

#[test]
fn a_server_that_accepts_and_says_nothing_is_left_at_the_deadline_and_the_change_is_made_once_when_it_speaks_again() {
    let Some(behind) = Behind::new() else { return };
    let at_most = |request: KubeRequest| KubeRequest { timeout_milliseconds: Some(500), ..request };
    behind.proxy.now(Fault::Hang);
    for request in [behind.read(), behind.restart()] {
        let failure = behind.ask(at_most(request)).unwrap_err();
        assert!(failure.code() == "timed-out" && failure.message().contains("500ms had passed"), "{failure}");
    }
    behind.proxy.now(Fault::Pass);
    behind.is_made_once();
}
