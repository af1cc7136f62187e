//! The one renderer of diagnostics: with excerpts for people, as a line of JSON for programs.

use crate::escape::{escaped, escaped_json};
use akua_source::{Diagnostic, Label, Location, Severity, SourceMap};
use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Renderer, Snippet};
use serde_json::json;
use std::borrow::Cow;

/// Longest message, in characters; a package may have written it.
const MESSAGE_LIMIT: usize = 1200;

/// Returns a diagnostic as people read it, with excerpts of the sources.
pub(crate) fn human(diagnostic: &Diagnostic, sources: &SourceMap, color: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = title(diagnostic);
    let mut elements: Vec<Element<'_>> = Vec::new();
    let texts: Vec<String> = diagnostic.labels.iter().map(|label| capped(&label.text)).collect();
    elements.extend(excerpts(diagnostic, sources, &texts));
    let notes: Vec<String> = diagnostic.notes.iter().map(|note| capped(note)).collect();
    let trace = trace(diagnostic, sources);
    let helps: Vec<String> = diagnostic.helps.iter().map(|help| capped(help)).collect();
    elements.extend(notes.iter().map(|note| Element::from(Level::NOTE.message(note.as_str()))));
    elements.extend(trace.iter().map(|call| Element::from(Level::NOTE.message(call.as_str()))));
    elements.extend(helps.iter().map(|help| Element::from(Level::HELP.message(help.as_str()))));
    let id = escaped(&diagnostic.code);
    let group =
        Group::with_title(level.primary_title(title.as_str()).id(id.as_str())).elements(elements);
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group]) + "\n"
}

/// Returns the message, with the reference's word for a KCL error before it.
fn title(diagnostic: &Diagnostic) -> String {
    let message = capped(&diagnostic.message);
    if diagnostic.kind.is_empty() {
        message
    } else {
        format!("{}: {message}", escaped(&diagnostic.kind))
    }
}

/// Returns one excerpt a file, the primary place's first.
fn excerpts<'a>(
    diagnostic: &Diagnostic,
    sources: &'a SourceMap,
    texts: &'a [String],
) -> Vec<Element<'a>> {
    let mut files: Vec<u32> = Vec::new();
    for label in &diagnostic.labels {
        if !files.contains(&label.span.file.0) {
            files.push(label.span.file.0);
        }
    }
    let snippets = files.iter().filter_map(|file| {
        let source = sources.get(akua_source::FileId(*file))?;
        let mut snippet =
            Snippet::source(shown(&source.text)).path(escaped(&source.name).replace('\n', "\\n"));
        for (at, (label, text)) in diagnostic.labels.iter().zip(texts).enumerate() {
            if label.span.file.0 == *file {
                snippet = snippet.annotation(annotation(label, text, at == 0, &source.text));
            }
        }
        Some(Element::from(snippet))
    });
    snippets.collect()
}

/// Returns a source for an excerpt: with a dot for each control character that the renderer of
/// excerpts lets through, which has as many bytes, so that places stay where they are.
fn shown(source: &str) -> Cow<'_, str> {
    let passes = |letter: char| matches!(letter, '\u{80}'..='\u{9f}');
    if source.contains(passes) {
        Cow::Owned(source.replace(passes, "\u{b7}"))
    } else {
        Cow::Borrowed(source)
    }
}

/// Returns the mark of a label; spans come from a guest and are clamped to the text.
fn annotation<'a>(label: &Label, text: &'a str, primary: bool, source: &str) -> Annotation<'a> {
    let clamp = |at: u32| {
        let mut at = usize::try_from(at).unwrap_or(usize::MAX).min(source.len());
        while !source.is_char_boundary(at) {
            at = at.saturating_sub(1);
        }
        at
    };
    let start = clamp(label.span.start);
    let mut end = clamp(label.span.end).max(start);
    // Of something that goes over many lines its first line is enough.
    if let Some(line) = source.get(start..end).and_then(|text| text.find('\n')) {
        end = start.saturating_add(line);
    }
    let kind = if primary { AnnotationKind::Primary } else { AnnotationKind::Context };
    let annotation = kind.span(start..end);
    if text.is_empty() { annotation } else { annotation.label(text) }
}

/// Returns the calls that led to an error, one line each; a recursion is one line.
fn trace(diagnostic: &Diagnostic, sources: &SourceMap) -> Vec<String> {
    let frames = diagnostic.trace.iter().filter_map(|frame| {
        let location = sources.location(frame.span)?;
        let file = sources.get(frame.span.file)?;
        let place = format!("{}:{}:{}", escaped(&file.name), location.line, location.column);
        Some(format!("in `{}`, called at {place}", capped(&frame.callee)))
    });
    let mut lines: Vec<String> = frames.collect();
    lines.dedup();
    lines.truncate(8);
    lines
}

/// Returns a diagnostic as one line of JSON.
pub(crate) fn json(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let place = diagnostic.labels.first().and_then(|label| {
        let file = sources.get(label.span.file)?;
        Some((file.name.as_str(), sources.location(label.span)?))
    });
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warn",
    };
    let mut line =
        json!({ "level": level, "code": diagnostic.code, "message": diagnostic.message });
    if let Some(fields) = line.as_object_mut() {
        let mut set = |name: &str, value: serde_json::Value| {
            fields.insert(name.to_owned(), value);
        };
        if !diagnostic.kind.is_empty() {
            set("kind", json!(diagnostic.kind));
        }
        if let Some(path) = place.map(|(path, _)| path).or(diagnostic.path.as_deref()) {
            set("path", json!(path));
        }
        if let Some((_, Location { line, column })) = place {
            set("line", json!(line));
            set("column", json!(column));
        }
        if let Some(help) = diagnostic.helps.first() {
            set("help", json!(help));
        }
        if !diagnostic.notes.is_empty() {
            set("notes", json!(diagnostic.notes));
        }
        set("docs", json!(format!("docs/errors/{}.md", diagnostic.code)));
        set("next_actions", json!(diagnostic.helps));
    }
    format!("{}\n", escaped_json(&line.to_string()))
}

/// Returns text for a terminal: escaped, and without the middle where it is long.
fn capped(text: &str) -> String {
    let escaped = escaped(text);
    let letters: Vec<char> = escaped.chars().collect();
    if letters.len() <= MESSAGE_LIMIT {
        return escaped;
    }
    let half = MESSAGE_LIMIT / 2;
    let head: String = letters.iter().take(half).collect();
    let tail: String = letters.iter().skip(letters.len().saturating_sub(half)).collect();
    format!("{head} […] {tail}")
}
