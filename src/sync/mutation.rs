//! Mutants: which ordering each call site really uses, and what is left out.
//!
//! Two environment variables, read once per process:
//!
//! * `ORDMUT=file:line:column/slot=Ordering` puts another ordering in one slot of one call site;
//!   `none` in place of the ordering leaves the operation out, and is what can be done to a fence.
//!   Where only the order of operations is explored, as under shuttle, `none` is the one that counts.
//! * `ORDMUT_LIST=path` appends one line `file:line:column/slot Ordering` to that file for every
//!   slot, the first time it is reached. The file is complete at any moment, so tests need not do
//!   anything for it, and a model that fails half-way has told what it reached.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use core::panic::Location;
use core::sync::atomic::Ordering;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::instrumented::Slot;

impl Slot {
    const ALL: [Self; 6] = [
        Self::Load,
        Self::Store,
        Self::ReadModifyWrite,
        Self::Exchange,
        Self::ExchangeFailed,
        Self::Fence,
    ];

    /// The name in both environment variables and in `excused_mutants.txt`.
    fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Store => "store",
            Self::ReadModifyWrite => "rmw",
            Self::Exchange => "cas",
            Self::ExchangeFailed => "cas-fail",
            Self::Fence => "fence",
        }
    }
}

/// One slot of one call site.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place<Name> {
    line: u32,
    column: u32,
    slot: Slot,
    file: Name,
}

struct Mutant {
    place: Place<String>,
    /// `None` for an operation that is left out.
    ordering: Option<Ordering>,
}

struct Reached {
    places: BTreeSet<Place<&'static str>>,
    file: File,
}

/// What the environment asks for.
struct Requests {
    mutant: Option<Mutant>,
    reached: Option<Mutex<Reached>>,
}

fn requests() -> &'static Requests {
    static REQUESTS: OnceLock<Requests> = OnceLock::new();
    REQUESTS.get_or_init(|| Requests {
        mutant: std::env::var("ORDMUT").ok().map(|text| {
            parse(&text).unwrap_or_else(|| panic!("ORDMUT cannot be understood: {text}"))
        }),
        reached: std::env::var_os("ORDMUT_LIST").map(|path| {
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .open(&path)
                .unwrap_or_else(|error| panic!("ORDMUT_LIST={path:?}: {error}"));
            Mutex::new(Reached { places: BTreeSet::new(), file })
        }),
    })
}

/// Reads `file:line:column/slot=Ordering`. Files may contain any of the separators.
fn parse(text: &str) -> Option<Mutant> {
    let (place, ordering) = text.rsplit_once('=')?;
    let (site, slot) = place.rsplit_once('/')?;
    let mut parts = site.rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    let file = parts.next()?.into();
    let slot = Slot::ALL.into_iter().find(|known| known.name() == slot)?;
    let ordering = match ordering {
        "Relaxed" => Some(Ordering::Relaxed),
        "Acquire" => Some(Ordering::Acquire),
        "Release" => Some(Ordering::Release),
        "AcqRel" => Some(Ordering::AcqRel),
        "SeqCst" => Some(Ordering::SeqCst),
        "none" => None,
        _ => return None,
    };
    Some(Mutant { place: Place { line, column, slot, file }, ordering })
}

/// The ordering to use at `site`, where the source says `written`; `None` to leave it out.
pub(super) fn access(
    site: &'static Location<'static>,
    slot: Slot,
    written: Ordering,
) -> Option<Ordering> {
    let requests = requests();
    let place = Place { line: site.line(), column: site.column(), slot, file: site.file() };
    if let Some(reached) = &requests.reached {
        // A model that panics in here fails for its own reason; the list stays usable.
        let mut reached = reached.lock().unwrap_or_else(PoisonError::into_inner);
        if reached.places.insert(place.clone()) {
            let Place { line, column, slot, file } = &place;
            // One write per line: several test processes may share the file.
            let entry = format!("{file}:{line}:{column}/{} {written:?}\n", slot.name());
            reached.file.write_all(entry.as_bytes()).expect("ORDMUT_LIST is writable");
        }
    }
    match &requests.mutant {
        Some(mutant)
            if (mutant.place.line, mutant.place.column, mutant.place.slot)
                == (place.line, place.column, place.slot)
                && mutant.place.file == place.file =>
        {
            mutant.ordering
        }
        _ => Some(written),
    }
}

/// The ordering of an exchange that fails, which cannot be left out by itself.
pub(super) fn failure(site: &'static Location<'static>, written: Ordering) -> Ordering {
    access(site, Slot::ExchangeFailed, written).unwrap_or(Ordering::Relaxed)
}
