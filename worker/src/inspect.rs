//! What a package may be given: texts in, facts out, nothing is evaluated.

use akua_wire::Frame;
use akua_wire::protocol::{Answer, FieldFact, InputFacts, Inspected, OptionFact, SOURCE};
use kcl::inspect::{Facts, Field, OptionCall};
use kcl::source::{Diagnostic, FileId};

/// Inspects the parts of a frame that hold files with these names.
pub(crate) fn inspect(frame: &Frame<'_>, names: &[String]) -> Answer {
    let mut answer = Answer::default();
    let mut files: Vec<(FileId, &str)> = Vec::with_capacity(names.len());
    let parts = frame.parts().iter().filter(|part| part.name == SOURCE);
    for (name, part) in names.iter().zip(parts) {
        if let Ok(text) = std::str::from_utf8(part.data) {
            files.push((answer.sources.add(name.as_str(), text), text));
        } else {
            let message = format!("`{name}` is not UTF-8 text");
            let error = Diagnostic::error("E_KCL_SYNTAX", message).path(name.as_str());
            answer.diagnostics.push(error.help("save the file as UTF-8"));
        }
    }
    if !answer.diagnostics.is_empty() {
        return answer;
    }
    match kcl::inspect::inspect(&files) {
        Ok(facts) => Answer { ok: true, inspected: inspected(facts), ..Answer::default() },
        Err(diagnostics) => Answer { diagnostics, ..answer },
    }
}

fn inspected(facts: Facts) -> Inspected {
    let option = |OptionCall { name, ty, required, default, help, .. }| OptionFact {
        name,
        ty,
        required,
        default,
        help,
    };
    let field =
        |Field { name, ty, required, default, doc }| FieldFact { name, ty, required, default, doc };
    let input = facts.input.map(|input| InputFacts {
        doc: input.doc,
        fields: input.fields.into_iter().map(field).collect(),
    });
    Inspected { options: facts.options.into_iter().map(option).collect(), input }
}
