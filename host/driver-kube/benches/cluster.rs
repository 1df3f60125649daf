//! What an object read by a procedure costs beside the same read by kube-rs alone: through the gate and with its record, of a real cluster.
//!
//! The ratio counts. Both take turns, over one connection each, so that a slow moment of the server meets both. As a test it only shows that it works, with few.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program of its own that measures and prints a table")]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use lockstep_driver_kube::KubeDriver;
use lockstep_engine::{House, start};
use lockstep_gate::Drivers;
use lockstep_model::RunOutcome;
use lockstep_model::request::{KubeCall, KubeRequest};
use lockstep_store_sqlite::{Options, SqliteStore};
use lockstep_testkit::{FakeDrivers, Script, ask, grant, house, start_of};
use tokio::runtime::Runtime;

/// What every cluster has.
const OBJECT: (&str, &str, &str) = ("v1", "Service", "kubernetes");

fn main() {
    let Some(kubeconfig) = lockstep_faults::server("KUBECONFIG") else { return };
    let turns = if std::env::args().any(|argument| argument == "--bench") { 1_000 } else { 3 };
    let allowed = grant(&format!(
        "[kube]\nkubeconfig = {kubeconfig:?}\ncontext = \"admin\"\n[[kube.allow]]\nverbs = [\"get\"]\nkinds = [\"v1/Service\"]\nnamespaces = [\"default\"]\n"
    ));
    let times = Arc::new(Mutex::new((Vec::new(), Vec::new())));
    let measured = Arc::clone(&times);
    let (runtime, alone) = bare(Path::new(&kubeconfig));
    let script = Script::default().imports(&["kube"]).step(
        "read",
        move |gate| {
            for turn in 0..=turns {
                let began = Instant::now();
                runtime.block_on(alone.get(OBJECT.2)).unwrap();
                let bare = began.elapsed();
                let began = Instant::now();
                ask(gate, KubeRequest::of(OBJECT.0, OBJECT.1, "default", OBJECT.2, KubeCall::Read))?;
                let call = began.elapsed();
                // The first of each connects.
                if turn > 0 {
                    let mut times = measured.lock().unwrap();
                    times.0.push(bare);
                    times.1.push(call);
                }
            }
            Ok(())
        },
        |_| Ok(()),
    );
    // On the disk of the build, not in a directory that may lie in memory.
    let temporary = tempfile::TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = Arc::new(SqliteStore::open(temporary.path(), Options::default()).unwrap());
    let drivers = Drivers { kube: Arc::new(KubeDriver::new().unwrap()), ..FakeDrivers::default().drivers() };
    let house = House { drivers, ..house(store, &FakeDrivers::default()) };
    assert_eq!(start(&house, start_of(Arc::new(script), allowed)).unwrap().outcome, RunOutcome::Succeeded);
    let mut times = times.lock().unwrap();
    let (bare, call) = (median(&mut times.0), median(&mut times.1));
    println!("{turns} reads of a Service by kube-rs alone        {bare:>10.1?}");
    println!("{turns} reads as calls of a procedure              {call:>10.1?}");
    println!("ratio (target: under 1.3)                      {:>9.2}", call.as_secs_f64() / bare.as_secs_f64());
}

/// The same object, by the library as anybody would use it.
fn bare(kubeconfig: &Path) -> (Runtime, Api<DynamicObject>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let api = runtime.block_on(async {
        let options = KubeConfigOptions { context: Some("admin".to_owned()), ..KubeConfigOptions::default() };
        let config = Config::from_custom_kubeconfig(Kubeconfig::read_from(kubeconfig).unwrap(), &options).await.unwrap();
        let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("", OBJECT.0, OBJECT.1), "services");
        Api::namespaced_with(Client::try_from(config).unwrap(), "default", &resource)
    });
    (runtime, api)
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
