//! A component with any of its bits changed: it is refused, or it is another guest like any other.

use lockstep_engine::{PlanFacts, Procedure};

use crate::guest::Guest;
use crate::yard::Yard;

/// How many places are tried, evenly over the component.
const PLACES: usize = 400;

#[test]
fn a_component_with_a_bit_changed_does_the_host_no_harm() {
    let yard = Yard::new();
    let grant = yard.grant("fuel = 10_000_000\nmemory = \"16MiB\"");
    let whole = Guest::new().import("clock", "now", "(param i32)").component();
    let mut loaded = 0;
    for place in 0..PLACES {
        let mut damaged = whole.clone();
        let at = place * whole.len() / PLACES;
        damaged[at] ^= 1 << (place % 8);
        if let Ok(procedure) = yard.load(&damaged, &grant) {
            loaded += 1;
            // Whatever it is now: it comes to an end, with a description and a plan or without.
            let _ = procedure.describe();
            let _ = procedure.plan(&PlanFacts::default());
        }
    }
    assert!((1..PLACES).contains(&loaded), "{loaded} of {PLACES} were loaded: the places were not spread");
}
