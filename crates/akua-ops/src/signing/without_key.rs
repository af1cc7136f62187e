//! What is said without a key: bundles, and under tags what cosign 2 reads of them.

use super::{Layout, Published, Speech, payload, statements};
use crate::keyless::{Certified, Keyless, Subject, certify, promises};
use crate::{Failure, Home};
use akua_sign::{Evidence, Signer, Statement, Verdict};
use akua_source::{Diagnostic, Digest};

/// Signs what was published, and attests it: what is there already is not said again, as a log
/// forgets nothing.
///
/// # Errors
/// As [`crate::keyless::sign`].
pub(super) fn speak(
    home: &Home,
    keyless: &Keyless,
    published: &Published<'_>,
    options: Speech<'_>,
) -> Result<(Vec<Evidence>, Signer), Failure> {
    let tagged = options.layout != Layout::Referrers && promises(home, keyless)?;
    if options.layout == Layout::Tags && !tagged {
        let message = "under tags there is no place for the proofs of a log of Rekor 2";
        let help = "leave out --layout, or name a signing config with a log of Rekor 1";
        return Err(Diagnostic::error("E_INVALID_FLAG", message).help(help).into());
    }
    let bundled = options.layout != Layout::Tags;
    let mut voice = Voice { home, keyless, published, there: options.there, found: Vec::new() };
    let (signature, made) = statements(published, options.attested);
    let mut signer = if bundled { voice.sign(&signature)? } else { voice.sign_payload()? };
    if bundled && tagged {
        signer = voice.sign_payload()?;
    }
    if let Some(made) = &made {
        voice.attest(made, bundled, tagged)?;
    }
    Ok((voice.found, signer))
}

/// Who speaks, of what.
struct Voice<'a> {
    home: &'a Home,
    keyless: &'a Keyless,
    published: &'a Published<'a>,
    there: &'a [Evidence],
    found: Vec<Evidence>,
}

impl Voice<'_> {
    /// Signs, as a bundle.
    fn sign(&mut self, signature: &Statement) -> Result<Signer, Failure> {
        let json = signature.to_json();
        let certified = certify(self.home, self.keyless, self.subject(&json))?;
        let signer = certified.signer();
        if self.said(&certified, true).signers.is_empty() {
            let signed = certified.sign()?;
            self.found.push(Evidence::bundle(text(&signed.bundle), &signature.predicate_type));
        }
        Ok(signer)
    }

    /// Signs under a tag.
    fn sign_payload(&mut self) -> Result<Signer, Failure> {
        let payload = payload(self.published);
        let certified = certify(self.home, self.keyless, Subject::Artifact(&payload))?;
        let signer = certified.signer();
        if self.said(&certified, false).signers.is_empty() {
            let signed = certified.sign()?;
            let piece = Evidence::tagged_signature(text(&payload), &signed.bundle, &signed.chain);
            self.found.push(piece.ok_or_else(no_promise)?);
        }
        Ok(signer)
    }

    /// Attests how it was made: one entry in the log serves bundle and tag.
    fn attest(&mut self, made: &Statement, bundled: bool, tagged: bool) -> Result<(), Failure> {
        let json = made.to_json();
        let certified = certify(self.home, self.keyless, self.subject(&json))?;
        let digest = Digest::of(&json);
        let is_missing = |bundles| {
            let said = self.said(&certified, bundles).statements;
            said.iter().all(|found| found.digest != digest)
        };
        let (bundled, tagged) = (bundled && is_missing(true), tagged && is_missing(false));
        if !bundled && !tagged {
            return Ok(());
        }
        let signed = certified.sign()?;
        if bundled {
            self.found.push(Evidence::bundle(text(&signed.bundle), &made.predicate_type));
        }
        if tagged {
            let kind = &made.predicate_type;
            let piece = Evidence::tagged_attestation(kind, &signed.bundle, &signed.chain);
            self.found.push(piece.ok_or_else(no_promise)?);
        }
        Ok(())
    }

    fn subject<'j>(&'j self, json: &'j [u8]) -> Subject<'j> {
        Subject::Statement { json, about: self.published.manifest }
    }

    /// Returns what the same signer has said already, in bundles or under tags.
    fn said(&self, certified: &Certified<'_>, bundles: bool) -> Verdict {
        let there = self.there.iter().filter(|piece| piece.is_bundle() == bundles);
        let there: Vec<Evidence> = there.cloned().collect();
        certified.said(&there, self.published.manifest)
    }
}

/// Returns bytes that were made of text.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A log of Rekor 1 answered without the promise that all of its answers have.
fn no_promise() -> Failure {
    let message = "the log did not promise that it has the entry";
    let help = "leave out --layout, or sign with a key";
    Diagnostic::error("E_KEYLESS_ANSWER", message).help(help).into()
}
