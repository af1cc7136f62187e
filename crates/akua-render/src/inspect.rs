//! `akua inspect --package`: texts of a package's files in a worker Store, what it may be given
//! back.

use crate::eval::{Nobody, json};
use crate::failure::RenderFailure;
use crate::format::SourceText;
use crate::worker::finish;
use akua_sandbox::{Limits, Session};
use akua_source::Budgets;
use akua_wire::FrameBuilder;
use akua_wire::protocol::{Goal, Inspected, REQUEST, Request, SOURCE};

/// Returns what a package may be given: `option()` calls, and its inputs. Nothing is evaluated. The
/// entry file comes first.
///
/// # Errors
/// [`RenderFailure`]: what to tell a person.
pub fn inspect(files: &[SourceText], budgets: &Budgets) -> Result<Inspected, RenderFailure> {
    let names = files.iter().map(|file| file.name.clone()).collect();
    let request = Request { goal: Goal::Inspect { names }, ..Request::default() };
    let mut frame = FrameBuilder::new().part(REQUEST, &json(&request)?);
    for file in files {
        frame.push(SOURCE, &file.bytes);
    }
    let frame = frame.finish();
    let limits = Limits::from(budgets);
    akua_sandbox::on_render_stack(limits.max_depth, || {
        let session = Session::new(limits, || [0; 32]);
        let output = session.run_worker(&[], &frame, &mut Nobody)?;
        Ok(finish(&output)?.inspected)
    })
}
