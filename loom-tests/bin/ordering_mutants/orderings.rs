//! Which orderings are weaker than which, and where each is legal.

/// Strictly weaker orderings that may stand in `slot` where `written` does; `none` removes a fence.
///
/// # Errors
///
/// If the slot or the ordering is not one that the hook reports.
pub(crate) fn weaker(slot: &str, written: &str) -> Result<&'static [&'static str], String> {
    Ok(match (slot, written) {
        ("load" | "cas-fail", "SeqCst") => &["Acquire", "Relaxed"],
        ("load" | "cas-fail", "Acquire") => &["Relaxed"],
        ("store", "SeqCst") => &["Release", "Relaxed"],
        ("store", "Release") => &["Relaxed"],
        ("rmw" | "cas", "SeqCst") => &["AcqRel", "Acquire", "Release", "Relaxed"],
        ("rmw" | "cas", "AcqRel") => &["Acquire", "Release", "Relaxed"],
        ("rmw" | "cas", "Acquire" | "Release") => &["Relaxed"],
        ("fence", "SeqCst") => &["AcqRel", "Acquire", "Release", "none"],
        ("fence", "AcqRel") => &["Acquire", "Release", "none"],
        ("fence", "Acquire" | "Release") => &["none"],
        ("load" | "cas-fail" | "store" | "rmw" | "cas", "Relaxed") => &[],
        _ => return Err(format!("`{slot} {written}` is no ordering of an atomic operation")),
    })
}

/// Whether `slot` is the name of one.
pub(crate) fn is_slot(slot: &str) -> bool {
    ["load", "store", "rmw", "cas", "cas-fail", "fence"].contains(&slot)
}
