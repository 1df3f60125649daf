//! A procedure without the SDK: what `wit-bindgen` makes of the contract, and nothing else.

wit_bindgen::generate!({
    path: "wit",
    inline: "
        package lockstep:bare;

        world bare {
            import lockstep:contract/plan@0.1.0;
            import lockstep:contract/run@0.1.0;
            import lockstep:contract/log@0.1.0;
            import lockstep:contract/clock@0.1.0;
            import lockstep:contract/random@0.1.0;
            export lockstep:contract/procedure@0.1.0;
        }
    ",
    world: "lockstep:bare/bare",
    generate_all,
});

use exports::lockstep::contract::procedure::{Failure, Guest};
use lockstep::contract::{clock, log, plan, random, run};

struct Bare;

export!(Bare);

impl Guest for Bare {
    fn describe() {
        plan::Description::new("bare", "0.1.0").title("Greet without an SDK");
        plan::Parameter::new("who").fallback("world");
    }

    fn plan() -> Result<(), Failure> {
        plan::Step::new("greet", "Greet them");
        Ok(())
    }

    fn run_step(_: String) -> Result<Option<String>, Failure> {
        log::info(&format!("hello, {}", run::parameter("who").unwrap_or_default()), &[]);
        let now = clock::now();
        let dice: String = random::bytes(8).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Some(format!(r#"{{"year":{},"dice":"{dice}"}}"#, &now[..4])))
    }

    fn undo_step(_: String) -> Result<(), Failure> {
        Ok(())
    }
}
