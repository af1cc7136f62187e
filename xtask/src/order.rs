//! Stage 3: a module → the same module with its functions in the order of their first use.
//!
//! An engine has some 30,000 functions, and a render uses 3,000 of them, all over 35 MB of machine
//! code: each costs a page fault, and a read from the disk where the binary is not in memory yet.
//! Side by side they are a few MB. Which ones they are is found by running `warm` in a build of the
//! module that tells each function it enters.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, anyhow};
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    CodeSection, EntityType, FunctionSection, ImportSection, Instruction, Module, TypeSection,
};
use wasmparser::{
    CodeSectionReader, FunctionBody, FunctionSectionReader, ImportSectionReader, Parser, Payload,
    TypeRef, TypeSectionReader,
};
use wasmtime::{Engine, Linker, OptLevel, Store};

use crate::merge_data::Merged;
use crate::preinit::{frozen, plain};

/// A module whose functions are in order of their first use.
pub struct Ordered(pub Vec<u8>);

/// Orders the functions of `module` by running its export `warm`.
pub fn order(module: &Merged, warm: &str) -> Result<Ordered> {
    let counts = Counts::of(&module.0)?;
    let used = used(&module.0, counts, warm).context("looking which functions are used")?;
    let mut sorted = used.clone();
    let used: HashSet<u32> = used.into_iter().collect();
    sorted.extend((0..counts.defined).filter(|function| !used.contains(function)));
    let mut new_index = vec![0; sorted.len()];
    for (new, old) in (0..).zip(&sorted) {
        new_index[usize::try_from(*old)?] = new;
    }
    Ok(Ordered(rewrite(&module.0, &mut Order { imported: counts.imported, sorted, new_index })?))
}

/// How many functions a module has.
#[derive(Clone, Copy)]
struct Counts {
    /// Those that it imports; they come first.
    imported: u32,
    /// Its own.
    defined: u32,
}

impl Counts {
    fn of(module: &[u8]) -> Result<Self> {
        let mut counts = Self { imported: 0, defined: 0 };
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        counts.imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::FunctionSection(section) => counts.defined = section.count(),
                _ => {}
            }
        }
        Ok(counts)
    }
}

/// The functions that the second run of `warm` enters, in order; the first one initialises.
fn used(module: &[u8], counts: Counts, warm: &str) -> Result<Vec<u32>> {
    let traced = rewrite(module, &mut Trace { counts, ..Trace::default() })?;
    let mut config = crate::settings::config();
    config.consume_fuel(false).epoch_interruption(false).cranelift_opt_level(OptLevel::None);
    let engine = Engine::new(&config).map_err(plain)?;
    let module = wasmtime::Module::new(&engine, traced).map_err(plain)?;
    let seen = Arc::new(Mutex::new(Seen::default()));
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p1::add_to_linker_async(&mut linker, |context| context).map_err(plain)?;
    let enter = Arc::clone(&seen);
    linker
        .func_wrap(TRACE_MODULE, TRACE_NAME, move |function: u32| {
            enter.lock().unwrap_or_else(PoisonError::into_inner).enter(function);
        })
        .map_err(plain)?;
    linker.define_unknown_imports_as_traps(&module).map_err(plain)?;
    let mut store = Store::new(&engine, frozen());
    let run = async {
        let instance = linker.instantiate_async(&mut store, &module).await?;
        if let Ok(start) = instance.get_typed_func::<(), ()>(&mut store, "_initialize") {
            start.call_async(&mut store, ()).await?;
        }
        let warm = instance.get_typed_func::<(), ()>(&mut store, warm)?;
        warm.call_async(&mut store, ()).await?;
        *seen.lock().unwrap_or_else(PoisonError::into_inner) = Seen::default();
        warm.call_async(&mut store, ()).await
    };
    wasmtime_wasi::runtime::in_tokio(run).map_err(plain)?;
    let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(seen.order)
}

/// Functions that were entered.
#[derive(Default)]
struct Seen {
    order: Vec<u32>,
    known: HashSet<u32>,
}

impl Seen {
    fn enter(&mut self, function: u32) {
        if self.known.insert(function) {
            self.order.push(function);
        }
    }
}

fn rewrite(module: &[u8], by: &mut impl Reencode<Error = Infallible>) -> Result<Vec<u8>> {
    let mut result = Module::new();
    by.parse_core_module(&mut result, Parser::new(0), module).map_err(|e| anyhow!("{e}"))?;
    Ok(result.finish())
}

type Rewritten = Result<(), Error<Infallible>>;

/// Puts functions in another order.
struct Order {
    imported: u32,
    /// Own functions, by their old index without the imported ones.
    sorted: Vec<u32>,
    /// Where each of them goes.
    new_index: Vec<u32>,
}

impl Order {
    /// Calls `each` for all `items`, in the new order.
    fn each<T: Clone>(
        &mut self,
        items: impl IntoIterator<Item = wasmparser::Result<T>>,
        mut each: impl FnMut(&mut Self, T) -> Rewritten,
    ) -> Rewritten {
        let items: Vec<T> = items.into_iter().collect::<wasmparser::Result<_>>()?;
        for at in 0..self.sorted.len() {
            let old = usize::try_from(self.sorted[at]).unwrap_or(usize::MAX);
            each(self, items[old].clone())?;
        }
        Ok(())
    }
}

impl Reencode for Order {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error<Infallible>> {
        let own = function.checked_sub(self.imported).and_then(|own| usize::try_from(own).ok());
        Ok(match own {
            Some(own) => self.imported + self.new_index[own],
            None => function,
        })
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Rewritten {
        self.each(section, |_, kind| {
            functions.function(kind);
            Ok(())
        })
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Rewritten {
        self.each(section, |order, body| order.parse_function_body(code, body))
    }
}

const TRACE_MODULE: &str = "akua";
const TRACE_NAME: &str = "enter";

/// Makes every function call an import with its index first.
struct Trace {
    counts: Counts,
    /// The type of the import.
    kind: u32,
    /// The function whose body comes next.
    next: u32,
}

impl Default for Trace {
    fn default() -> Self {
        Self { counts: Counts { imported: 0, defined: 0 }, kind: 0, next: 0 }
    }
}

impl Reencode for Trace {
    type Error = Infallible;

    /// The new import is the last one, before all own functions.
    fn function_index(&mut self, function: u32) -> Result<u32, Error<Infallible>> {
        Ok(function + u32::from(function >= self.counts.imported))
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: TypeSectionReader<'_>,
    ) -> Rewritten {
        utils::parse_type_section(self, types, section)?;
        self.kind = types.len();
        types.ty().function([wasm_encoder::ValType::I32], []);
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Rewritten {
        utils::parse_import_section(self, imports, section)?;
        imports.import(TRACE_MODULE, TRACE_NAME, EntityType::Function(self.kind));
        Ok(())
    }

    fn parse_function_body(&mut self, code: &mut CodeSection, body: FunctionBody<'_>) -> Rewritten {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        function.instruction(&Instruction::I32Const(self.next.cast_signed()));
        function.instruction(&Instruction::Call(self.counts.imported));
        self.next += 1;
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            function.instruction(&self.parse_instruction(&mut reader)?);
        }
        code.function(&function);
        Ok(())
    }
}
