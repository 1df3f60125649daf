//! How the host comes in: the four exports of the contract, answered from one declaration.

#[cfg(target_arch = "wasm32")]
use std::panic::PanicHookInfo;

use crate::bindings::lockstep::contract::{plan as host, types};
use crate::procedure::Inputs;
use crate::{Procedure, Result, Step, codes, fail};

/// Makes a function the procedure of this component: `lockstep::procedure!(blue_green);`.
///
/// Once in a crate of type `cdylib`. See the crate's first page.
#[macro_export]
macro_rules! procedure {
    ($declare:path) => {
        // Anywhere else there is no host to come in, and native linkers do not take the names of the exports.
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn(&mut $crate::Procedure) = $declare;

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Exported;

            impl $crate::bindings::exports::lockstep::contract::procedure::Guest for Exported {
                fn describe() {
                    $crate::entry::describe($declare)
                }

                fn plan() -> ::core::result::Result<(), $crate::bindings::lockstep::contract::types::Failure> {
                    $crate::entry::plan($declare)
                }

                fn run_step(
                    step: ::std::string::String,
                ) -> ::core::result::Result<::core::option::Option<::std::string::String>, $crate::bindings::lockstep::contract::types::Failure> {
                    $crate::entry::run_step($declare, &step)
                }

                fn undo_step(step: ::std::string::String) -> ::core::result::Result<(), $crate::bindings::lockstep::contract::types::Failure> {
                    $crate::entry::undo_step($declare, &step)
                }
            }

            $crate::bindings::export! { Exported with_types_in $crate::bindings }
        };
    };
}

/// Tells the host name, version, title and parameters.
pub fn describe(declare: fn(&mut Procedure)) {
    speak_before_a_trap();
    let procedure = Procedure::declare(declare, Inputs::Describing);
    if let Some(words) = &procedure.description {
        let description = host::Description::new(&words.id, &words.version);
        if let Some(title) = &words.title {
            description.title(title);
        }
    }
    for words in &procedure.parameters {
        let parameter = host::Parameter::new(&words.id);
        if let Some(title) = &words.title {
            parameter.title(title);
        }
        if let Some(value) = &words.fallback {
            parameter.fallback(value);
        }
        if !words.choices.is_empty() {
            parameter.choices(&words.choices);
        }
    }
}

/// Tells the host the steps.
pub fn plan(declare: fn(&mut Procedure)) -> Result<(), types::Failure> {
    let steps = steps(declare).map_err(crate::Failure::into_host)?;
    steps.iter().for_each(Step::declare);
    Ok(())
}

/// Runs one step and gives its output.
pub fn run_step(declare: fn(&mut Procedure), id: &str) -> Result<Option<String>, types::Failure> {
    find(declare, id).and_then(|step| step.run()).map_err(crate::Failure::into_host)
}

/// Undoes one step.
pub fn undo_step(declare: fn(&mut Procedure), id: &str) -> Result<(), types::Failure> {
    find(declare, id).and_then(|step| step.run_undo()).map_err(crate::Failure::into_host)
}

fn steps(declare: fn(&mut Procedure)) -> Result<Vec<Step>> {
    speak_before_a_trap();
    Procedure::declare(declare, Inputs::Host).into_steps()
}

fn find(declare: fn(&mut Procedure), id: &str) -> Result<Step> {
    let unknown = || fail(format!("the procedure declares no step `{id}` for these parameters")).with_code(codes::UNKNOWN);
    steps(declare)?.into_iter().find(|step| step.id == id).ok_or_else(unknown)
}

/// A panic ends in a trap, which says nothing: the hook says what and where, and the host ends the guest with it.
#[cfg(target_arch = "wasm32")]
fn speak_before_a_trap() {
    fn hook(panic: &PanicHookInfo<'_>) {
        let said = panic.payload_as_str().unwrap_or("something that is no text");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        crate::bindings::lockstep::contract::run::give_up(&format!("panicked at {place}: {said}"));
    }
    std::panic::set_hook(Box::new(hook));
}

/// The author's own tests keep the usual hook.
#[cfg(not(target_arch = "wasm32"))]
fn speak_before_a_trap() {}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(p: &mut Procedure) {
        p.describe("hello", "0.1.0");
        p.step("greet", "Greet", |ctx| Ok(format!("hello from {}", ctx.step()))).undo(|_| Ok(()));
    }

    #[test]
    fn a_step_is_found_by_its_id_and_run() {
        assert_eq!(run_step(hello, "greet").unwrap().as_deref(), Some(r#""hello from greet""#));
        assert!(undo_step(hello, "greet").is_ok());
    }

    #[test]
    fn a_step_that_is_not_declared_is_a_failure_with_its_own_code() {
        let Err(types::Failure::Failed(problem)) = run_step(hello, "wave") else { panic!("expected a problem") };
        assert_eq!((problem.code.as_str(), problem.retryable), (codes::UNKNOWN, false));
        assert_eq!(problem.message, "the procedure declares no step `wave` for these parameters");
    }
}
