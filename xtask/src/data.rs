//! Reading and rewriting the data of a module.

use anyhow::{Context, Result, bail, ensure};
use wasm_encoder::{ConstExpr, DataSection, Module, RawSection, SectionId};
use wasmparser::{DataKind, Operator, Parser, Payload};

/// Page size to which images are padded: the largest of the systems we support.
const PAGE_BYTES: usize = 65_536;
/// Gap of zeros, in pages, that an image leaves out: memory for the guest to allocate.
const HOLE_PAGES: usize = 16;
/// Gap of zeros, in bytes, at which a run of data is split: a segment costs less than a page.
const GAP_BYTES: usize = 4096;

/// The memory that a module's active data segments describe, from address 0.
pub fn image(module: &[u8]) -> Result<Vec<u8>> {
    let mut image = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        let Payload::DataSection(section) = payload? else { continue };
        for segment in section {
            let segment = segment?;
            // wizer leaves empty passive segments where active ones were.
            if segment.data.is_empty() {
                continue;
            }
            let DataKind::Active { memory_index: 0, offset_expr } = segment.kind else {
                bail!("a passive data segment, or one of a second memory");
            };
            let Operator::I32Const { value } = offset_expr.get_operators_reader().read()? else {
                bail!("a data segment at an address that is not constant");
            };
            let start = usize::try_from(value.cast_unsigned())?;
            let end = start.checked_add(segment.data.len()).context("a segment too far out")?;
            if image.len() < end {
                image.resize(end, 0);
            }
            image[start..end].copy_from_slice(segment.data);
        }
    }
    Ok(image)
}

/// The module with `image` as its only data, in as few segments as make sense, or with none at all;
/// custom sections are dropped.
pub fn replace(module: &[u8], image: Option<&[u8]>) -> Result<Vec<u8>> {
    let mut result = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if matches!(payload, Payload::StartSection { .. }) {
            bail!("the module has a start function");
        }
        let Some((id, range)) = payload.as_section() else { continue };
        let dropped = [SectionId::Custom, SectionId::Data, SectionId::DataCount];
        if dropped.iter().any(|section| u8::from(*section) == id) {
            continue;
        }
        result.section(&RawSection { id, data: &module[range] });
    }
    if let Some(image) = image {
        let mut section = DataSection::new();
        for (start, bytes) in runs(image) {
            let offset = i32::from_ne_bytes(u32::try_from(start)?.to_ne_bytes());
            section.active(0, &ConstExpr::i32_const(offset), bytes.iter().copied());
        }
        result.section(&section);
    }
    let result = result.finish();
    wasmparser::Validator::new().validate_all(&result).context("the rewritten module")?;
    Ok(result)
}

/// The parts of an image between long gaps of zeros.
fn runs(image: &[u8]) -> Vec<(usize, &[u8])> {
    let mut runs = Vec::new();
    let mut at = 0;
    while let Some(skip) = image[at..].iter().position(|byte| *byte != 0) {
        let start = at + skip;
        let mut end = start + 1;
        let mut zeros = 0;
        for (index, byte) in image.iter().enumerate().skip(start) {
            if *byte != 0 {
                end = index + 1;
                zeros = 0;
            } else {
                zeros += 1;
            }
            if zeros == GAP_BYTES {
                break;
            }
        }
        runs.push((start, &image[start..end]));
        at = end;
    }
    runs
}

/// An image as it is linked into the binary: a page with the number of parts and each part's address
/// and length, as little-endian u32; then the parts, in whole pages.
pub fn pack(image: &[u8]) -> Result<Vec<u8>> {
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for (at, page) in image.chunks(PAGE_BYTES).enumerate() {
        if page.iter().all(|byte| *byte == 0) {
            continue;
        }
        match parts.last_mut() {
            Some((_, end)) if at - *end < HOLE_PAGES => *end = at + 1,
            _ => parts.push((at, at + 1)),
        }
    }
    let mut packed = u32::try_from(parts.len())?.to_le_bytes().to_vec();
    for (start, end) in &parts {
        packed.extend(u32::try_from(start * PAGE_BYTES)?.to_le_bytes());
        packed.extend(u32::try_from((end - start) * PAGE_BYTES)?.to_le_bytes());
    }
    ensure!(packed.len() <= PAGE_BYTES, "the image has {} parts", parts.len());
    packed.resize(PAGE_BYTES, 0);
    for (start, end) in parts {
        let bytes = &image[start * PAGE_BYTES..image.len().min(end * PAGE_BYTES)];
        packed.extend(bytes);
        packed.resize(packed.len().next_multiple_of(PAGE_BYTES), 0);
    }
    Ok(packed)
}

/// Fails if the module has data that `image` could not see.
pub fn ensure_plain(module: &[u8]) -> Result<()> {
    let memories =
        Parser::new(0).parse_all(module).filter_map(Result::ok).fold(0, |sum, payload| {
            if let Payload::MemorySection(section) = payload { sum + section.count() } else { sum }
        });
    ensure!(memories == 1, "a guest has one memory, this one has {memories}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_image_has_no_holes() {
        let mut image = vec![0; 40 * PAGE_BYTES + 1];
        for page in [2, 3, 10, 40] {
            image[page * PAGE_BYTES] = 7;
        }
        let packed = pack(&image).expect("packs");
        let words: Vec<u8> = [2, 2 * 65_536, 9 * 65_536, 40 * 65_536, 65_536_u32]
            .into_iter()
            .flat_map(u32::to_le_bytes)
            .collect();
        assert_eq!(packed[..words.len()], words);
        assert_eq!(packed.len(), 11 * PAGE_BYTES);
        assert_eq!((packed[PAGE_BYTES], packed[10 * PAGE_BYTES]), (7, 7));
        assert_eq!(pack(&[]).expect("packs"), vec![0; PAGE_BYTES]);
    }

    #[test]
    fn data_is_merged_and_the_image_stays() {
        let module = wat::parse_str(
            r#"(module (memory 1) (data (i32.const 8) "ab") (data (i32.const 9) "c")
               (data (i32.const 9000) "d"))"#,
        )
        .expect("a module");
        let image = image(&module).expect("an image");
        assert_eq!(image.len(), 9001);
        assert_eq!(&image[8..10], b"ac");
        assert_eq!(runs(&image), [(8, &b"ac"[..]), (9000, &b"d"[..])]);
        let merged = replace(&module, Some(&image)).expect("a module");
        assert_eq!(super::image(&merged).expect("an image"), image);
        let stripped = replace(&module, None).expect("a module");
        assert_eq!(super::image(&stripped).expect("an image"), []);
    }
}
