//! The pages that are not about one item.

#[doc = include_str!("guide.md")]
pub mod guide {}

#[doc = include_str!("credits.md")]
pub mod credits {}

#[doc = include_str!("modes.md")]
pub mod modes {}

#[doc = include_str!("pressure.md")]
pub mod pressure {}

#[doc = include_str!("comparison.md")]
pub mod comparison {}

#[doc = include_str!("guarantees.md")]
pub mod guarantees {}

#[doc = include_str!("memory_model.md")]
pub mod memory_model {}

#[doc = include_str!("verification.md")]
pub mod verification {}
